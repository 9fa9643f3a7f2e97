"""How common fields are printed and asked for: one row per field, phrases by language. Data only.

Each phrase may end in `~0.6`: how surely that wording means the field (1 when left out). A phrase after `?` is used to
recognise the question only, one after `=` only to recognise the printed label.
"""

from __future__ import annotations

from engine.readers.embedded.values import Kind

FIELDS: dict[str, tuple[Kind, str]] = {
    "total": (
        Kind.AMOUNT,
        "total | grand total | total amount | amount due | total due | total payable | amount payable | balance due | total sales | net total | "
        "?final amount | ?total price | ?total cost | ?total bill | ?total paid | ?amount paid ~0.8 | ?how much was paid | ?overall amount | invoice total | order total | =to pay | "
        "=total incl gst | =total inclusive of gst | =total rounded | =rounded total | =nett total | =nett ~0.6 | =total sales inclusive gst | "
        "=total rm | =total amt payable | =total amount due | =balance ~0.5 | =amount ~0.35 | =sub total ~0.2 | =cash ~0.15 | "
        "gesamtbetrag | gesamtsumme | rechnungsbetrag | endbetrag | summe | bruttobetrag ~0.8 | zu zahlen | zahlbetrag | gesamt | zahlbar ~0.7 | "
        "total ttc | montant total | total a payer | net a payer | montant ttc | total general | a payer | "
        "importe total | total a pagar | total factura | total general | totale | totale fattura | importo totale | totale da pagare | totale documento | "
        "netto a pagare ~0.8 | totaal | totaalbedrag | te betalen | totaal te betalen | eindtotaal | totaal incl btw | valor total | total geral | "
        "总计 | 合计 | 总金额 | 合计金额 | 应付金额 | 价税合计 | 实付 | المجموع | الاجمالي | المبلغ الاجمالي",
    ),
    "subtotal": (
        Kind.AMOUNT,
        "subtotal | sub total | =total excl gst | =total excluding gst | net amount | amount before tax | total before tax | total excluding tax | =goods total | "
        "zwischensumme | nettobetrag | netto | summe netto | nettosumme | sous total | total ht | montant ht | subtotal | base imponible | "
        "imponibile | totale imponibile | subtotale | subtotaal | totaal excl btw | bedrag excl btw | 小计 | المجموع الفرعي",
    ),
    "tax": (
        Kind.AMOUNT,
        "tax | tax amount | vat | vat amount | gst | gst amount | sales tax | =gst payable | total tax | total gst | service tax | "
        "mwst | mehrwertsteuer | ust | umsatzsteuer | =zzgl mwst | steuerbetrag | =mwst betrag | tva | montant tva | total tva | "
        "iva | importe iva | cuota iva | imposta | totale iva | btw | btw bedrag | =btw totaal | omzetbelasting | 税额 | 增值税 | الضريبه | ضريبه القيمه المضافه",
    ),
    "tax_rate": (Kind.PERCENT, "tax rate | vat rate | gst rate | steuersatz | mwst satz | taux tva | tipo iva | aliquota | aliquota iva | btw tarief | 税率"),
    "tax_id": (
        Kind.CODE,
        "tax id | tax number | vat number | vat id | vat reg number | gst id | gst number | gst reg number | gst registration number | =gst id no | vat registration number | "
        "tax identification number | tin | ein | =tax reg no | =gst ~0.4 | =vat ~0.4 | company tax id | ust idnr | ust id | ust id nr | =ust id number | umsatzsteuer id | "
        "umsatzsteuer identifikationsnummer | steuernummer | steuer nr | numero tva | tva intracommunautaire | =n° tva | =tva intra | "
        "numero de tva | nif | cif | nif cif | numero de identificacion fiscal | partita iva | p iva | =p iva | codice fiscale | btw nummer | btw nr | =btw number | =btw id | 税号 | 纳税人识别号 | الرقم الضريبي",
    ),
    "company_id": (
        Kind.CODE,
        "company registration number | registration number | company number | company reg number | =co reg no | =roc no | =reg no | business registration number | "
        "handelsregister | hrb | handelsregisternummer | siret | siren | rcs | kvk | kvk nummer | kvk number | rea | registro mercantil",
    ),
    "invoice_number": (
        Kind.CODE,
        "invoice number | invoice id | invoice no | =invoice | =tax invoice no | bill number | =inv | number of the invoice | ?invoice code | =receipt number ~0.5 | =document number ~0.6 | =doc number ~0.6 | =slip number ~0.4 | =number ~0.3 | "
        "rechnungsnummer | rechnungsnr | rechnungs nr | rechnung nr | rechnung nummer | =rechnung ~0.5 | =belegnummer ~0.6 | numero de facture | numero facture | =facture n° | facture number | =facture ~0.5 | "
        "numero de factura | factura number | =factura ~0.5 | numero factura | =num factura | numero fattura | numero di fattura | fattura number | =fattura ~0.5 | =numero documento ~0.6 | "
        "factuurnummer | factuurnr | =factuur ~0.5 | 发票号码 | 发票编号 | 发票号 | رقم الفاتوره",
    ),
    "receipt_number": (
        Kind.CODE,
        "receipt number | receipt no | receipt id | =receipt | bill number | =bill no | transaction number ~0.8 | =trans number ~0.7 | =trx ~0.6 | =slip number | =check number ~0.7 | =doc number ~0.7 | =document number ~0.7 | =cash bill ~0.6 | =invoice number ~0.7 | =number ~0.3 | "
        "belegnummer | beleg nr | bon nr | =bonnummer | numero de recu | numero de ticket | ticket number | numero de recibo | numero scontrino | documento number | bonnummer | 收据号码 | رقم الايصال",
    ),
    "order_number": (
        Kind.CODE,
        "order number | order no | order id | purchase order number | po number | purchase order | =p o number | =your order | =po ~0.7 | bestellnummer | auftragsnummer | bestellnr | auftrags nr | "
        "numero de commande | commande number | =commande ~0.6 | numero de pedido | pedido number | numero ordine | ordine number | bestelnummer | ordernummer | 订单号 | رقم الطلب",
    ),
    "customer_number": (
        Kind.CODE,
        "customer number | customer id | customer no | client number | client id | account number ~0.6 | member number ~0.6 | =cust no | kundennummer | kunden nr | kundennr | "
        "numero client | numero de client | =client n° | code client | numero de cliente | codigo de cliente | codice cliente | numero cliente | klantnummer | 客户编号 | رقم العميل",
    ),
    "account_number": (Kind.CODE, "account number | account no | bank account | =a/c no | =acct | kontonummer | konto nr | numero de compte | numero de cuenta | numero di conto | rekeningnummer | 账号 | رقم الحساب"),
    "iban": (Kind.CODE, "iban | iban number | bank account ~0.5"),
    "bic": (Kind.CODE, "bic | swift | swift code | bic swift"),
    "date": (
        Kind.DATE,
        "date | invoice date | receipt date | issue date | date of issue | date issued | date of invoice | bill date | transaction date ~0.9 | date of the receipt | =dated | =date time | =date & time | "
        "datum | rechnungsdatum | belegdatum ~0.8 | ausstellungsdatum | =rechnung vom | date de facture | date facture | date de la facture | date d'emission | date emission | =le ~0.3 | "
        "fecha | fecha de factura | fecha factura | fecha de emision | fecha de expedicion | data | data fattura | data documento | data di emissione | data emissione | "
        "factuurdatum | datum factuur | 日期 | 开票日期 | 发票日期 | التاريخ | تاريخ | تاريخ الفاتوره | تاريخ الاصدار",
    ),
    "due_date": (
        Kind.DATE,
        "due date | payment due | payment due date | date due | pay by | =due | =payable by | deadline ~0.7 | payment deadline | falligkeitsdatum | fallig am | fallig | zahlbar bis | zahlungsziel | =zahlung bis | "
        "date d'echeance | echeance | date limite de paiement | a payer avant | fecha de vencimiento | vencimiento | fecha vencimiento | scadenza | data scadenza | data di scadenza | "
        "vervaldatum | uiterste betaaldatum | te betalen voor | betaaldatum ~0.7 | 到期日 | 付款期限 | تاريخ الاستحقاق",
    ),
    "delivery_date": (Kind.DATE, "delivery date | date of delivery | ship date | shipping date | shipped ~0.6 | lieferdatum | liefertermin | leistungsdatum ~0.8 | date de livraison | fecha de entrega | data di consegna | data consegna | leverdatum | leveringsdatum"),
    "order_date": (Kind.DATE, "order date | date of order | ordered on | bestelldatum | auftragsdatum | date de commande | fecha de pedido | fecha del pedido | data ordine | besteldatum | orderdatum"),
    "time": (Kind.TIME, "time | =time in | =hour ~0.6 | uhrzeit | heure | hora | ora | tijd | 时间 | الوقت"),
    "company": (
        Kind.COMPANY,
        "company | company name | name of the company | ?name of company | ?shop | ?name of the shop | ?name of the store | ?store name | ?shop name | ?store | ?seller | =sold by | seller name | vendor | vendor name | supplier | merchant | merchant name | "
        "?business | ?name of the business | ?business name | ?name of the restaurant | ?restaurant | ?issuer | ?issued by | ?who issued | ?who issued the invoice | ?who issued this invoice | ?issued this receipt | ?who sent | ?retailer | =issued by | =supplier name | "
        "firma | ?firmenname | verkaufer | lieferant | aussteller | rechnungssteller | ?unternehmen | societe | vendeur | fournisseur | emetteur | ?entreprise | ?magasin | empresa | vendedor | proveedor | emisor | ?tienda | "
        "azienda | venditore | fornitore | cedente | emittente | ?negozio | bedrijf | verkoper | leverancier | ?winkel | ?bedrijfsnaam | 公司 | 销售方 | 公司名称 | 卖方 | الشركه | البائع",
    ),
    "customer": (
        Kind.COMPANY,
        "customer | customer name | client | client name | buyer | bill to | billed to | sold to | invoice to | ship to ~0.6 | =attn ~0.5 | ?recipient | ?addressee | ?who is billed | ?who is the invoice addressed to | ?name of the customer | =billing address | "
        "kunde | rechnungsempfanger | empfanger | kaufer | rechnung an | client | facture a | acheteur | destinataire | =adresse de facturation | cliente | comprador | facturar a | destinatario | acquirente | intestatario | cessionario | "
        "klant | koper | factuur aan | ontvanger | =factuuradres | 客户 | 购买方 | 买方 | العميل | المشتري",
    ),
    "address": (
        Kind.ADDRESS,
        "address | ?address of the company | ?company address | ?store address | ?shop address | ?where is the shop | ?where is the store | ?where is the company | ?where is the shop located | ?location of the store | ?seller address | ?address of the shop | ?address of the store | "
        "adresse | anschrift | ?adresse der firma | direccion | domicilio | indirizzo | sede | adres | 地址 | العنوان",
    ),
    "phone": (Kind.PHONE, "telephone | telephone number | phone number | =tel | =t | contact number ~0.8 | mobile ~0.8 | mobile number | hotline ~0.6 | =hp ~0.7 | telefon | telefonnummer | rufnummer | telephone | numero de telephone | telefono | numero de telefono | numero di telefono | telefoon | telefoonnummer | 电话 | 联系电话 | الهاتف | رقم الهاتف | هاتف"),
    "fax": (Kind.PHONE, "telefax | telefax number | fax number | faxnummer | telecopie | 传真 | فاكس"),
    "email": (Kind.EMAIL, "email | email address | e mail | e mail adresse | courriel | adresse email | correo electronico | correo | posta elettronica | indirizzo email | emailadres | 邮箱 | 电子邮件 | البريد الالكتروني"),
    "website": (Kind.URL, "website | web site | web address | url | homepage | internet ~0.7 | =web | webseite | site web | site internet | sitio web | pagina web | sito web | sito | 网址 | الموقع الالكتروني"),
    "cash": (Kind.AMOUNT, "cash | cash paid | cash tendered | ?amount tendered | tendered | =cash received | ?cash received | =paid | =payment ~0.7 | =amount paid | ?how much cash | bar | gegeben | bargeld | especes | efectivo | contanti | contant | 现金"),
    "change": (Kind.AMOUNT, "change | change due | change given | change returned | ?how much change | ruckgeld | wechselgeld | monnaie rendue | rendu | a rendre | cambio | resto | wisselgeld | 找零"),
    "rounding": (Kind.AMOUNT, "rounding | rounding adjustment | rounding amount | =round adj | =rounding adj"),
    "discount": (Kind.AMOUNT, "discount | discount amount | =disc | rebate ~0.7 | rabatt | nachlass | skonto ~0.7 | remise | rabais | descuento | sconto | korting | 折扣 | الخصم"),
    "shipping": (Kind.AMOUNT, "shipping | shipping cost | shipping charge | delivery charge | delivery fee | freight | postage | versand | versandkosten | frais de port | livraison ~0.6 | frais de livraison | gastos de envio | envio | portes | spese di spedizione | spedizione | trasporto ~0.6 | verzendkosten | 运费"),
    "deposit": (Kind.AMOUNT, "deposit | advance | down payment | anzahlung | acompte | anticipo | acconto | aanbetaling"),
    "payment_method": (Kind.TEXT, "payment method | method of payment | payment type | mode of payment | ?how was it paid | ?how was the bill paid | =payment | =paid by | zahlungsart | zahlungsweise | mode de paiement | mode de reglement | moyen de paiement | forma de pago | metodo de pago | metodo di pagamento | modalita di pagamento | betaalwijze | betaalmethode | 付款方式 | طريقه الدفع"),
    "payment_terms": (Kind.TEXT, "payment terms | terms of payment | terms | zahlungsbedingungen | zahlungsziel | conditions de paiement | conditions de reglement | condiciones de pago | termini di pagamento | condizioni di pagamento | betalingstermijn | betalingsvoorwaarden"),
    "cashier": (Kind.TEXT, "cashier | cashier name | ?name of the cashier | =served by | =salesperson ~0.8 | =operator ~0.7 | =staff ~0.7 | =user ~0.5 | =server ~0.8 | kassierer | bediener | es bediente sie | caissier | vendeur ~0.5 | cajero | le atendio | cassiere | operatore | kassier | medewerker ~0.7 | 收银员"),
    "salesperson": (Kind.TEXT, "salesperson | sales person | salesman | sales rep | sales representative | representative ~0.7 | verkaufer ~0.6 | sachbearbeiter ~0.7 | ansprechpartner ~0.7"),
    "contact": (Kind.PERSON, "contact | contact person | attention | =attn | ansprechpartner | kontakt | sachbearbeiter | interlocuteur | persona de contacto | persona di contatto | referente | contactpersoon"),
    "bank": (Kind.COMPANY, "bank | bank name | name of the bank | bankverbindung ~0.7 | banque | banco | banca"),
    "table_number": (Kind.CODE, "table number | table no | =table | tisch | tischnummer | numero de table | mesa | tavolo | tafel"),
    "quantity": (Kind.NUMBER, "quantity | qty | item count ~0.7 | ?how many items | menge | anzahl | quantite | qte | cantidad | cant | quantita | aantal | 数量 | الكميه"),
    "unit_price": (Kind.AMOUNT, "unit price | price per unit | price each | =price ~0.8 | =u price | =unit cost | einzelpreis | stuckpreis | prix unitaire | pu ht | precio unitario | prezzo unitario | prijs per stuk | stukprijs | eenheidsprijs | 单价 | سعر الوحده"),
    "price": (Kind.AMOUNT, "price | ?cost | ?how much does | =amount ~0.6 | =rate ~0.5 | preis | prix | precio | prezzo | prijs | 价格 | السعر"),
    "from": (Kind.TEXT, "sender | =from | ?who wrote | ?who sent | ?from whom | ?who is the letter from | ?who is the memo from | absender | von ~0.5 | expediteur | remitente | mittente | afzender | 发件人"),
    "to": (Kind.TEXT, "recipient | =to | ?to whom | ?addressed to | ?who is it addressed to | ?who received | ?who is the letter addressed to | ?who is the memo addressed to | empfanger | an ~0.4 | destinataire | destinatario | ontvanger | geadresseerde | 收件人"),
    "subject": (Kind.TEXT, "subject | ?subject of the letter | ?subject of the memo | =re | =regarding | =subject line | ?what is the letter about | betreff | betrifft | objet | asunto | oggetto | onderwerp | betreft | 主题 | الموضوع"),
    "author": (Kind.PERSON, "author | authors | =by | ?who wrote | ?written by | ?prepared by | =prepared by | autor | verfasser | auteur | autore | schrijver | 作者 | المولف"),
    "birth_date": (Kind.DATE, "date of birth | birth date | birthdate | =born | ?when was born | geburtsdatum | geboren | date de naissance | fecha de nacimiento | data di nascita | geboortedatum | 出生日期 | تاريخ الميلاد"),
    "signature": (Kind.PERSON, "signature | signed by | =signed | ?who signed | unterschrift | signataire | firmado por | firmato da | ondertekend door"),
    "population": (Kind.NUMBER, "population | ?how many people live | ?how many inhabitants | einwohner | bevolkerung | population | habitants | poblacion | habitantes | popolazione | abitanti | inwoners | bevolking | عدد السكان | السكان | 人口"),
    "area": (Kind.QUANTITY, "area | surface area | total area | ?how large | flache | superficie | oppervlakte | المساحه | 面积"),
    "capital": (Kind.TEXT, "capital | capital city | hauptstadt | capitale | hoofdstad | العاصمه | 首都"),
    "director": (Kind.PERSON, "director | managing director | geschaftsfuhrer | gerant | directeur | direttore | bestuurder"),
    "occupation": (Kind.TEXT, "occupation | profession | job title | position ~0.7 | beruf | metier | ocupacion | profesion | professione | beroep"),
    "version": (Kind.CODE, "version | ?which version | =ver | ?version number | versie | versione"),
}
