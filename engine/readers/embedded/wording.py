"""Words that carry no content in questions and labels, by language, and spellings that mean the same. Data only."""

from __future__ import annotations

_STOP_TEXT = {
    "en": "a an the of is are was were be been being do does did has have had can could will would shall should may might "
    "what which who whom whose when where why how many much in on at by for from to with as and or it its this that these those "
    "there here i me my you your we our they their he she his her please tell give show find say says said according given "
    "shown stated mentioned listed printed indicated written displayed found appear appears contained provided called "
    "into than then per under over about any some all does also between within during after before not if so such only",
    "de": "der die das den dem des ein eine einer eines einem einen ist sind war waren wurde wurden wird werden hat haben hatte "
    "was welche welcher welches welchen welchem wer wen wem wessen wann wo wohin woher warum wie viel viele in im an am auf aus bei "
    "bis durch fur mit nach von vom vor zu zum zur und oder es dieser diese dieses diesem diesen lautet heisst steht angegeben "
    "genannt sich uber unter als auch nicht ihr ihre sein seine dort hier gibt man",
    "fr": "le la les l un une des du de d est sont etait etaient a ont avait quel quelle quels quelles qui que quoi quand ou "
    "comment combien pourquoi dans en sur sous par pour avec sans et ou ce cet cette ces il elle ils elles on son sa ses leur leurs "
    "au aux y t indique indiquee mentionne mentionnee se s c qu n ne pas figure figurant est-ce document quelles-sont cela apres avant",
    "es": "el la los las un una unos unas de del es son era eran fue fueron ha han que cual cuales quien quienes cuando donde "
    "como cuanto cuanta cuantos cuantas por para con sin en sobre y o e u al se su sus lo este esta estos estas ese esa hay indica "
    "aparece figura",
    "it": "il lo la i gli le un uno una di del dello della dei degli delle e sono era erano ha hanno che quale quali chi quando dove "
    "come quanto quanta quanti quante perche in nel nella nei nelle su sul sulla per con senza da dal dalla al alla ai alle si suo "
    "sua questo questa questi queste indicato indicata qual cosa",
    "nl": "de het een van is zijn was waren wordt werd werden heeft hebben had wat welk welke wie wanneer waar waarom hoe hoeveel "
    "in op aan bij door voor met naar uit tot om en of te er dit dat deze die staat vermeld genoemd ook als niet hun haar",
    "pt": "o a os as um uma de do da dos das e sao era foi ha que qual quais quem quando onde como quanto quantos em no na nos nas "
    "por para com sem ao aos se seu sua este esta",
    "ar": "من في على الى عن ما ماذا متي اين كم كيف هو هي هل اي التي الذي هذا هذه ذلك تلك كان كانت تم مع او و بعد قبل ان لماذا هم لم قد",
    "zh": "是 什么 的 多少 哪 谁 何时 哪里 请问 这 那 在 吗 呢 为 了 个 几 哪个 什么时候 上 中",
}
STOP_WORDS: dict[str, frozenset[str]] = {language: frozenset(text.split()) for language, text in _STOP_TEXT.items()}

DOCUMENT_NOUNS = frozenset(
    (
        "document page image picture screenshot screen file scan photo pdf text paper form sheet receipt invoice bill letter memo report "
        "table chart figure article passage slip note ticket brochure app dialog dialogue window dokument seite rechnung quittung beleg bild "
        "tabelle text formular facture recu page tableau texte article image documento pagina factura recibo imagen tabla texto fattura "
        "ricevuta scontrino immagine tabella testo factuur bon afbeelding tabel tekst artikel bonnetje مستند صفحه نص فاتوره وثيقه"
    ).split()
)
"""Nouns that mean the page itself when a question ends in "on this receipt"."""

TYPE_NOUNS = frozenset(
    (
        "number amount value name date code figure title kind type sum quantity field label entry column row cell nummer betrag wert name "
        "datum zahl summe feld spalte zeile numero montant valeur nom date chiffre champ colonne ligne importe valor nombre fecha campo columna "
        "fila importo valore nome data colonna riga waarde bedrag naam aantal kolom rij"
    ).split()
)
"""Nouns that say what sort of thing is asked for more than how it is labelled."""

SAME_WORD = {
    variant: canonical
    for canonical, variants in {
        "number": "no nr num n° nos numb numero nummer número #",
        "quantity": "qty qnty quant",
        "amount": "amt",
        "total": "tot totals",
        "invoice": "inv",
        "reference": "ref",
        "account": "acct a/c acc",
        "customer": "cust",
        "department": "dept",
        "address": "addr adress",
        "telephone": "tel phone ph telefon telephon téléphone telefono telefoon tél",
        "percent": "% pct percentage prozent",
        "average": "avg mean",
        "maximum": "max",
        "minimum": "min",
        "temperature": "temp",
        "approximately": "approx",
        "thousand": "000s thousands",
        "registration": "reg regn",
        "company": "comp coy co",
        "description": "desc",
        "estimated": "est",
        "organization": "organisation org",
        "color": "colour",
        "center": "centre",
        "birthdate": "dob",
        "email": "e-mail mail e-post",
        "signed": "signature",
        "document": "doc",
        "certificate": "cert",
        "year": "yr yrs years",
        "one": "1st first",
        "two": "2nd second",
        "three": "3rd third",
        "four": "4th fourth",
        "population": "inhabitants pop",
        "city": "town",
        "spouse": "wife husband married",
        "born": "birth",
        "died": "death",
        "founded": "established foundation",
        "inventor": "invent invented",
        "telefax": "fax",
    }.items()
    for variant in variants.split()
}
"""Spellings and abbreviations → the word they are matched as."""


def guess_language(words: list[str]) -> str:
    """The language whose function words are most common among `words` (folded); English when nothing tells."""
    scores = {language: sum(word in stop for word in words) for language, stop in STOP_WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > scores["en"] else "en"
