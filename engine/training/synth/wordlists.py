"""Vocabulary of the synthetic documents: names, places, goods and office words in six languages."""

from __future__ import annotations


def _w(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _p(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split(",") if part.strip())


FIRST_NAMES = _w(
    """Anna Peter Maria John Linda James Sofia David Emma Robert Laura Michael Julia Thomas Sarah Daniel Elena Martin
    Nina Paul Clara Oscar Ruth Simon Alice Henry Grace Victor Helen George Irene Frank Carol Walter Dorothy Harold
    Aisha Omar Mei Wei Hiro Yuki Priya Arjun Fatima Ali Siti Ahmad Chloe Pierre Camille Luc Giulia Marco Lucia Carlos
    Ines Diego Pilar Joost Anneke Bram Lieke Jonas Greta Klaus Heike Ursula Dieter Svetlana Ivan Olga Pavel Ingrid Lars
    Astrid Erik Fiona Liam Niamh Owen Gwen Rhys Keira Callum Tessa Milo Ada Hugo Zoe Felix Iris Leon Vera Max"""
)
LAST_NAMES = _w(
    """Smith Johnson Brown Taylor Anderson Thompson White Harris Clark Lewis Walker Young Allen King Wright Scott Green
    Baker Adams Nelson Carter Mitchell Roberts Turner Phillips Campbell Parker Evans Edwards Collins Stewart Morris
    Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Keller Vogel Dubois Lefèvre Moreau Laurent Girard
    Rossi Russo Ferrari Bianchi Romano Gallo García Martínez López Sánchez Pérez Navarro Jansen Visser Bakker Mulder
    deVries Tan Lim Wong Lee Chen Wang Zhang Nguyen Tran Kumar Sharma Patel Singh Khan Hassan Ibrahim Sato Suzuki Tanaka
    Kowalski Novak Horvat Petrov Ivanov Lindqvist Hansen Larsen Nilsson O'Brien Murphy Kelly Doyle McLeod Fraser"""
)
CITIES = {
    "en": _p(
        """Bristol, Leeds, Portland, Austin, Denver, Springfield, Richmond, Oakville, Cambridge, Halifax, Brighton,
        Madison, Louisville, Greensboro, Winston-Salem, Kuala Lumpur, Petaling Jaya, Johor Bahru, Auckland, Perth,
        Cork, Galway, Norwich, Plymouth, Salem, Fairview, Georgetown, Milton, Ashford, New York, San Diego, St. Louis"""
    ),
    "de": _p("Hamburg, Bremen, Leipzig, Köln, Freiburg, Ulm, Kassel, Mainz, Erfurt, Bad Homburg, Wien, Graz, Bern"),
    "fr": _p("Lyon, Nantes, Lille, Rennes, Dijon, Tours, Grenoble, Reims, Le Havre, Genève, Aix-en-Provence"),
    "es": _p("Sevilla, Bilbao, Valencia, Zaragoza, Málaga, Granada, Oviedo, San Sebastián, Murcia, Burgos"),
    "it": _p("Torino, Bologna, Verona, Parma, Padova, Genova, Bari, Modena, Reggio Emilia, Trieste"),
    "nl": _p("Utrecht, Rotterdam, Eindhoven, Groningen, Breda, Den Haag, Leiden, Arnhem, Delft, Zwolle"),
}
STREETS = {
    "en": _p(
        """Main Street, Oak Avenue, High Street, Station Road, Park Lane, Mill Road, Church Street, Elm Drive,
        Jalan Ampang, Jalan Meru, Jalan Sultan Ismail, Lorong Damai, Industrial Way, Harbour View, Queen's Road,
        West 5th Street, Sunset Boulevard, Bridge Street, Commerce Park Drive, Victoria Terrace"""
    ),
    "de": _p("Hauptstraße, Bahnhofstr., Lindenweg, Gartenstraße, Am Markt, Goethestraße, Industriestraße, Ringstr."),
    "fr": _p("rue de la Gare, avenue Victor Hugo, rue des Lilas, boulevard Carnot, place du Marché, rue Pasteur"),
    "es": _p("Calle Mayor, Avenida del Puerto, Calle de Alcalá, Paseo de la Castellana, Plaza Nueva, Calle Real"),
    "it": _p("Via Roma, Via Garibaldi, Corso Italia, Piazza Dante, Via Mazzini, Viale Europa, Via Verdi"),
    "nl": _p("Kerkstraat, Dorpsstraat, Stationsweg, Nieuwstraat, Molenlaan, Prinsengracht, Industrieweg"),
}
COUNTRIES = {
    "en": _p("United Kingdom, USA, Ireland, Canada, Australia, Malaysia, New Zealand, Singapore"),
    "de": _p("Deutschland, Österreich, Schweiz"),
    "fr": _p("France, Belgique, Suisse"),
    "es": _p("España, México, Chile"),
    "it": _p("Italia"),
    "nl": _p("Nederland, België"),
}
NATIONS = _p(
    """Albania, Argentina, Austria, Belgium, Bolivia, Brazil, Bulgaria, Cameroon, Canada, Chile, China, Colombia,
    Costa Rica, Croatia, Cuba, Czech Republic, Denmark, Ecuador, Egypt, Estonia, Ethiopia, Fiji, Finland, France,
    Georgia, Germany, Ghana, Greece, Guatemala, Hungary, Iceland, India, Indonesia, Ireland, Israel, Italy, Jamaica,
    Japan, Jordan, Kenya, Latvia, Lebanon, Lithuania, Luxembourg, Malaysia, Mali, Malta, Mexico, Mongolia, Morocco,
    Nepal, Netherlands, New Zealand, Nigeria, Norway, Oman, Pakistan, Panama, Peru, Philippines, Poland, Portugal,
    Romania, Rwanda, Saudi Arabia, Senegal, Serbia, Slovakia, Slovenia, South Africa, South Korea, Spain, Sri Lanka,
    Sweden, Switzerland, Tanzania, Thailand, Tunisia, Turkey, Uganda, Ukraine, Uruguay, Vietnam, Zambia, Zimbabwe"""
)
BRAND_WORDS = _w(
    """Northgate Blue Silver Harbour Summit Oakridge Vertex Lumen Pioneer Crescent Redwood Atlas Delta Golden Royal
    Sunrise Evergreen Global United Prime Star City Metro Alpine Coral Maple Falcon Nova Orion Zenith Cedar Ironbridge
    Westfield Eastern Pacific Nordic Baltic Amber Granite Meridian Beacon Kestrel Juniper Willow Copper Quartz Vista"""
)
TRADES = {
    "en": _p(
        """Trading, Stationery, Hardware, Foods, Logistics, Consulting, Electronics, Textiles, Bakery, Books,
        Pharmacy, Motors, Engineering, Supplies, Printing, Software, Instruments, Furniture, Optics, Chemicals, Media,
        Restaurant, Supermarket, Garden Centre, Dental Clinic, Energy, Packaging, Plumbing, Design Studio"""
    ),
    "de": _p("Handels, Bau, Technik, Logistik, Druckerei, Bäckerei, Software, Möbel, Elektro, Verlag, Apotheke"),
    "fr": _p("Conseil, Imprimerie, Boulangerie, Transports, Électricité, Librairie, Mobilier, Informatique"),
    "es": _p("Comercial, Construcciones, Librería, Transportes, Panadería, Electrónica, Muebles, Servicios"),
    "it": _p("Commerciale, Costruzioni, Libreria, Trasporti, Panificio, Elettronica, Arredamenti, Servizi"),
    "nl": _p("Handel, Bouw, Transport, Drukkerij, Bakkerij, Techniek, Meubelen, Boekhandel, Advies"),
}
COMPANY_FORMS = {
    "en": _p(
        "Ltd., Inc., LLC, Co., Sdn Bhd, SDN. BHD., Pte Ltd, Corporation, & Sons, Group, PLC, (M) Sdn Bhd, Limited"
    ),
    "de": _p("GmbH, AG, GmbH & Co. KG, KG, e.K., OHG"),
    "fr": _p("SARL, SA, SAS, & Fils, EURL"),
    "es": _p("S.L., S.A., y Cía., SLU"),
    "it": _p("S.r.l., S.p.A., & C. S.n.c."),
    "nl": _p("B.V., N.V., V.O.F., & Zonen"),
}
GOODS = {
    "en": _p(
        """Ballpoint pen blue, Paper A4 80g, USB cable 2m, Desk lamp LED, Wireless mouse, Notebook ruled, Stapler,
        Ink cartridge black, Coffee beans 1kg, Green tea, Fresh milk 1L, White bread, Brown rice 5kg, Olive oil 500ml,
        Chicken breast, Free range eggs, Shampoo 250ml, Toothpaste mint, AA batteries, Screwdriver set, Hex bolt M8,
        PVC pipe 20mm, Paint white 5L, Cement 50kg, Cotton gloves, Safety helmet, Monitor arm, Keyboard UK layout,
        Office chair, Whiteboard marker, Envelope C5, Packing tape, Nasi lemak, Iced lemon tea, Roti canai,
        Chicken rice set, Mineral water, Latte large, Blueberry muffin, Club sandwich, Caesar salad, Fish and chips,
        Consulting hours, Website maintenance, Site survey, Installation labour, Annual support, Travel expenses,
        Translation EN-DE, Shipping and handling, Steel bracket, Filter element, Drive belt, Pump seal kit"""
    ),
    "de": _p(
        """Kugelschreiber blau, Kopierpapier A4, Schreibtischlampe, USB-Kabel 2m, Beratung, Montage, Vollmilch 1L,
        Roggenbrot, Apfelsaft, Butter 250g, Schrauben M6, Dichtungsring, Wartung jährlich, Anfahrt, Druckerpatrone"""
    ),
    "fr": _p(
        """Stylo bille bleu, Papier A4, Lampe de bureau, Câble USB, Conseil, Lait entier, Baguette, Jus de pomme,
        Beurre doux, Vis M6, Joint torique, Entretien annuel, Frais de déplacement, Cartouche d'encre, Café moulu"""
    ),
    "es": _p(
        """Bolígrafo azul, Papel A4, Lámpara de mesa, Cable USB, Consultoría, Leche entera, Pan integral, Zumo,
        Mantequilla, Tornillos M6, Junta, Mantenimiento anual, Desplazamiento, Cartucho de tinta, Café molido"""
    ),
    "it": _p(
        """Penna a sfera, Carta A4, Lampada da tavolo, Cavo USB, Consulenza, Latte intero, Pane integrale, Succo,
        Burro, Viti M6, Guarnizione, Manutenzione annuale, Trasferta, Cartuccia nera, Caffè macinato"""
    ),
    "nl": _p(
        """Balpen blauw, Papier A4, Bureaulamp, USB-kabel, Advies, Volle melk, Volkorenbrood, Appelsap, Boter,
        Schroeven M6, Pakking, Jaarlijks onderhoud, Voorrijkosten, Inktpatroon, Gemalen koffie"""
    ),
}
OFFICE_WORDS = _w(
    """account action agenda annual approval area audience author average balance bid board branch brand budget bureau
    capacity carrier category certificate channel charge circulation class clause client closing coating code
    committee condition contact container content contract control copies coverage credit cycle deadline deck
    delivery department depot deposit description designer destination device display district division dosage
    draft driver edition effective engine entry equipment event exhibit expiry facility factor fiber field
    filing filter final format frequency function grade group handling harvest height holder index initial
    inspection issue item journal keeper lab lane launch layer ledger length level license limit liner load
    location lot machine manager margin market material measure medium meeting method mode model module name
    network notice number office officer operator option order origin output owner package panel partner payload
    period permit phase plan plant plate platform point policy position premium pressure print priority process
    product profile program project promotion quality quantity quota range rate rating reason receiver record
    reference region register release remark report request reserve result review revision room route sample
    scale schedule section sector segment serial series service session shift signal size source space speed
    sponsor stage standard station status stock storage subject supplier surface survey system target tariff
    task team temperature term test theme tier title tracking trainer transfer type unit usage user valve
    variant vendor version vessel visitor voltage volume voucher warehouse warranty weight width zone"""
)
JOB_TITLES = _p(
    """Managing Director, Sales Manager, Chief Financial Officer, Head of Research, Project Lead, Office Manager,
    Senior Analyst, Vice President, Group Product Manager, Secretary, Chief Engineer, Account Executive, Professor,
    Director of Marketing, Purchasing Officer, Editor-in-Chief, Quality Supervisor, Treasurer"""
)
DEPARTMENTS = _p(
    """Research and Development, Human Resources, Marketing, Finance, Operations, Legal, Purchasing, Public Affairs,
    Quality Assurance, Field Sales, Customer Service, Biochemistry, Engineering, Corporate Planning"""
)
FILLER = _p(
    """the results were reviewed by the committee, no further action is needed at this time, work continued on
    schedule, please keep this document for your records, several participants asked for more detail, the
    remaining points will be taken up at the next meeting, this was in line with expectations, demand remained
    strong in most regions, prices are subject to change without notice, the figures below have not been
    audited, all parties agreed to the proposal, a detailed list is given in the annex, the equipment was
    inspected and found to be in good order, staff were informed by letter, the weather was mild for most of the
    season, deliveries arrived on time, the method is described elsewhere, results varied between the sites,
    costs were kept under control, additional funding was secured, the building had stood empty for years, local
    residents welcomed the decision, training was offered to all teams, visitors come mostly in summer, a second
    phase is planned, the archive holds further material"""
)
OPENINGS = _p(
    """In general, As planned, Later on, According to staff, For most of the season, In several regions, At first,
    Under the new rules, Without exception, As in earlier years, During the review, Where possible, In practice,
    Throughout the project, Despite some delay, By and large"""
)
VERBS = _p(
    """supports, replaces, follows, exceeds, describes, covers, limits, improves, requires, precedes, reflects, reduces,
    confirms, affects, extends, matches, determines, includes"""
)
ENDINGS = _p(
    """in a satisfactory way, as agreed, with few exceptions, for the time being, to a large extent,
    until further notice, on request, with care, as before, in most cases, where this is useful,
    at little cost, for good reason, in turn"""
)
TOPICS = _p(
    """Water Quality, Urban Transport, Dairy Farming, Solar Energy, School Meals, Forest Health, Coastal Erosion,
    Library Use, Bridge Maintenance, Consumer Credit, Waste Recycling, Bird Migration, Hospital Staffing, Night Trains,
    Cheese Production, Language Learning, Road Safety, Glacier Retreat, Museum Attendance, Battery Storage"""
)
SYLLABLES = _w(
    "ka lo mi ren tu va sel dor pin gra be zan ti mo ler fa qui sta nor vi lex da cor um el bri on as tor ne"
)
