"""The printed forms of typed values, as regular expressions: dates, amounts, codes and the like."""

from __future__ import annotations

import re

MONTHS = (
    # English, German, French, Spanish, Italian, Dutch, Portuguese; full names before their abbreviations.
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|"
    "janvier|février|fevrier|mars|avril|juin|juillet|août|aout|septembre|octobre|novembre|décembre|decembre|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|"
    "januari|februari|maart|mei|augustus|"
    "janeiro|fevereiro|março|marco|maio|junho|julho|setembro|outubro|dezembro|"
    "jan|feb|mar|mär|mrz|apr|jun|jul|aug|sept|sep|oct|okt|nov|dec|dez|janv|févr|fevr|fév|avr|juil|déc|ene|abr|ago|dic|"
    "gen|mag|giu|lug|set|ott|"
    "يناير|فبراير|مارس|أبريل|ابريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
)
_MONTH = rf"(?:{MONTHS})\.?"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|er|º|°|\.)?"
_YEAR = r"(?:1[5-9]|20)\d\d"
_WEEKDAY = r"(?:mon|tues?|wednes|wed|thurs?|fri|satur|sat|sun)(?:day)?"
_SEP = r"\s?[-./]\s?"

DATE = re.compile(
    r"(?<![\w/])(?:"
    rf"(?:{_WEEKDAY},?\s+)?{_DAY}[\s-]*(?:de\s+|(?:day\s)?of\s+)?{_MONTH}[\s,-]*(?:de\s+|del\s+)?(?:{_YEAR}|'?\d\d(?!\d))"
    rf"|(?:{_WEEKDAY},?\s+)?{_MONTH}[\s-]*{_DAY}(?:\s*,\s*|\s+|-)(?:{_YEAR}|'\d\d(?!\d))"
    rf"|{_YEAR}{_SEP}(?:1[0-2]|0?[1-9]){_SEP}(?:3[01]|[12]\d|0?[1-9])"
    rf"|(?:3[01]|[12]\d|0?[1-9])([-./])(?:3[01]|[12]\d|0?[1-9])\1(?:{_YEAR}|\d\d)(?!\d)"
    rf"|(?:3[01]|[12]\d|0?[1-9])\s([-./])\s(?:3[01]|[12]\d|0?[1-9])\s\2\s(?:{_YEAR}|\d\d)(?!\d)"
    rf"|{_YEAR}\s?年\s?\d{{1,2}}\s?月(?:\s?\d{{1,2}}\s?日)?"
    rf"|{_MONTH}[\s,-]+{_YEAR}"
    rf"|(?:{_WEEKDAY},?\s+)?(?:{_DAY}\s+{_MONTH}(?!\w)|(?:{MONTHS})\s+{_DAY}(?![\w,.]*\d))"
    r")(?![\w/]|-\d)",
    re.IGNORECASE,
)
YEAR = re.compile(
    r"(?:(?<=[ie]n )|(?<=nel )|(?<=Jahr )|(?<=since ))1[0-4]\d\d(?![\w%/]|[.,-]\d)"
    rf"|(?<![\w.,/-]){_YEAR}(?:\s?[-–/]\s?(?:{_YEAR}|\d\d))?(?![\w%/]|[.,-]\d)"
)
TIME = re.compile(
    r"(?<![\w:])(?:[01]?\d|2[0-4])[:.h][0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\.?(?!\w))?(?:\s?uhr)?(?![\d:])"
    r"|(?<!\w)(?:1[0-2]|[1-9])\s?[ap]\.?m\.?(?!\w)",
    re.IGNORECASE,
)
_CURRENCY = (
    r"(?:[$€£¥₹₩₽₺฿]|US\$|RM|USD|EUR|GBP|CHF|MYR|SGD|CAD|AUD|INR|Rs\.?|JPY|CNY|RMB|HKD|SEK|NOK|DKK|"
    r"PLN|CZK|BRL|R\$|ZAR|AED|Kč|kr|zł|(?-i:S)(?=\s?\d{1,3}(?:,\d{3})+(?!\d)|\s?\d+\.\d\d(?!\d))|Fr\.(?=\s?\d|$)|Fr(?=\s|$))"
)
_MONEY_WORD = (
    r"(?:dollars?|euros?|pounds sterling|francs?|franken|crowns|cents|pesetas?|guilders?|gulden|rupees?|ringgit|lire|"
    r"yen)"
)
_LARGE = r"(?:[KMB]n?|million(?:en|s)?|millones|milioni|miljoen|billion|thousand|mio\.?|mrd\.?)"
_GROUPED = r"\d{1,2}(?:,\d{2})+,\d{3}"
"""An Indian figure: lakhs and crores in groups of two."""

_FIGURE = (
    rf"(?:(?:\d+\s)?\d{{1,2}}/\d{{1,2}}(?![\d/])|{_GROUPED}(?:\.\d{{1,2}})?|"
    r"\d{1,3}(?:[.,'’ \u00a0]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d+)?)"
)
AMOUNT = re.compile(
    rf"(?<![\w.,])(?:{_CURRENCY}\s?[-+(]?\s?{_FIGURE}\)?(?:\s?{_LARGE}(?!\w))?(?:,-|\.-)?"
    rf"|{_FIGURE}(?:\s{_LARGE})?\s(?:(?:de|d['’]|di)\s?)?{_MONEY_WORD}(?!\w)"
    rf"|[-+(]?{_FIGURE}\)?\s?(?:,-|\.-)?{_CURRENCY}(?!\w)"
    rf"|[-+(]?(?:{_GROUPED}|\d{{1,3}}(?:[.,'’ ]\d{{3}})+|\d+)\s?[.,]\d\d\)?(?![\d.,]*\d))(?![\w%])",
    re.IGNORECASE,
)
PERCENT = re.compile(
    r"(?<![\w.,])[-+<>~]?\d+(?:[.,]\d+)?(?:\s?%"
    r"|\s?(?:percent|per cent|pct|prozent|pour cent|por ciento|procent)(?!\w))",
    re.IGNORECASE,
)
_RAISED = "¹²³⁴-⁹"
NUMBER = re.compile(rf"(?<![\w.,/:-])[-+(]?{_FIGURE}\)?(?![^\W{_RAISED}]|[/:]|[.,-]\d)")
"""A figure; the raised mark of a footnote after it is no part of it."""

_NUMBER_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|eighteen|twenty(?:-\\w+)?|thirty(?:-\\w+)?|forty(?:-\\w+)?|fifty(?:-\\w+)?|"
    "sixty|seventy|eighty|ninety|hundred|half|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|deux|trois|quatre|cinq|huit|neuf|dix|onze|douze|"
    "quinze|vingt|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|veinte|tre|quattro|cinque|sei|sette|otto|nove|dieci|dodici|venti|twee|drie|vijf|"
    "zes|zeven|negen|tien|twaalf|twintig"
)
NUMBER_WORD = re.compile(rf"(?<![\w-])(?:{_NUMBER_WORDS})(?![\w-])", re.IGNORECASE)
_COUNTED = (
    "days?|weeks?|months?|years?|hours?|minutes?|nights?|people|persons?|members|pages?|times|rooms?|points?|metres?|"
    "meters?|kilomet(?:re|er)s?|miles?|feet|acres?|per cent|percent|tage[n]?|wochen|monate[n]?|jahre[n]?|stunden|jours|"
    "semaines|mois|ans|heures|días|semanas|meses|años|horas|giorni|settimane|mesi|anni|ore|dagen|weken|maanden|uur"
)
"""What number words count."""

FILE = re.compile(
    r"(?<![\w/.])[\w~-][\w().~-]*\.(?:pdf|docx?|xlsx?|pptx?|txt|csv|tsv|md|jpe?g|png|gif|tiff?|svg|bmp|zip|7z|tar|gz|mp3|mp4|wav|"
    r"avi|mov|exe|msi|dll|py|js|ts|html?|css|json|xml|ya?ml|toml|ini|cfg|conf|log|sh|bat|sql|db|bak|iso|odt|ods|rtf|eml)(?![\w-])",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
URL = re.compile(
    r"(?:https?://|www\.)\S+[\w/]|(?<![\w@.])[a-z0-9][\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|de|fr|nl|it|es|eu|uk|io|info|ch|at|be|my|cn|int)(?:\.[a-z]{2})?(?:/\S*\w)?(?![\w@])",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"(?<![\w.,/])(?:\+\s?\d{1,3}[\s.-]?)?(?:\(\+?\d{1,5}\)\s?[-./]?\s?)?(?:0\d)?\d{1,5}(?:[\s./-]{1,3}\d{2,8}){1,5}(?!\w|[.,]\d)"
    r"|(?<![\w.,/])(?:\+\d{8,14}|0\d{7,12})(?!\w)"
)
CODE = re.compile(
    r"(?<![\w.])(?:[A-Z]{1,5}[-/ ]?)?(?=[\w./#-]*\d)[A-Za-z0-9#][\w/#-]*(?:\.[\w/-]+)*(?:[-/][A-Za-z0-9]+)*\w(?!\w)"
)
GROUPED_CODE = re.compile(
    r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)"
    r"|(?<![\w.,])(?:[A-Z]{1,3}\s)?\d{2,3}(?:\s\d{3,9}){1,4}(?:\s\d{5})?(?![\w]|[.,]\d)"
)
_COMPOUND = (
    r"km/h|m/s|m/min|l/min|ml/min|l/h|l/100\s?km|mg/kg|mg/d?l|g/k?m|g/c?m[²³23]|kg/m[²³23]|kg/ha|t/ha|kwh/\w+|w/m²|mph|gpm|psi|"
    r"[bw]?hp|ps|cv|cu\.?\s(?:in|ft|m|cm|yd)|fl\.?\soz|in(?=\s*$|[;)])|dB(?:\(?A\)?)?|dpi|lux|lm|mmhg|ppm|ppb|rps|var|va|k?pa|mpa|nm|kgf"
)
"""Units of several parts, which go before those that they begin with."""

_SORT_OF_DAY = r"(?:(?:working|business|calendar)\s)?"
QUANTITY = re.compile(
    rf"(?<![\w-])(?:{_NUMBER_WORDS})(?:\s\(\d{{1,4}}\))?\s{_SORT_OF_DAY}(?:{_COUNTED})(?!\w)|"
    rf"(?<![\w.,/]){_FIGURE}(?:\s?(?:-|–|to|x|×|by)\s?{_FIGURE})*\s?{_SORT_OF_DAY}(?:{_COMPOUND}|°\s?[CF]?|[CF](?=$|[\s,.;)])|degrees?(?:\s[CF](?!\w))?|grad|minutes?|mins?|min\.|hours?|hrs?|days?|weeks?|months?|years?|"
    r"kg|g|mg|kilograms?|grams?|metres?|meters?|kilometres?|kilometers?|hectares?|yards?|mètres?|metri|metros|meter|kilometer|kilómetros|chilometri|mètres|seemeilen|lbs?|oz|ml|cl|l|litres?|liters?|km2|km²|km|m²|m2|sq\s?\w+|m|cm|mm|nm|µm|ft|feet|miles?|inch(?:es)?|acres?|ha|"
    r"cups?|tbsp\.?|tsp\.?|teaspoons?|tablespoons?|pounds?|ounces?|kcal|kj|kwh|mwh|gw|mw|kw|w|v|ghz|mhz|gb|mb|kb|tb|dpi|px|tons?|tonnes?|toneladas|tonnen|ton|mb|hpa|bar|rpm|ma|mah|mnm|nm|n|hz|khz|fps|kbps|mbps|bpm|m³|m3|points?|votes?|nights?|servings?|"
    r"gal(?:lons?)?|million|billion|thousand|trillion|people|persons?|pages?|times?|stunden|tage|minuten|jahre|wochen|monate|jours?|heures?|ans|mois|semaines|dagen|uur|weken|maanden|jaar|días|horas|meses|años|giorni|ore|mesi|anni|minuti|h(?:\s?\d{1,2}\s?m(?:in)?)?)(?!\w)",
    re.IGNORECASE,
)
COMPANY_SUFFIX = re.compile(
    r"(?<!\w)(?:s/b|m/s|sdn\.?\s?bhd|bhd|inc|incorporated|ltd|limited|llc|llp|plc|corp|corporation|company|co|gmbh|ag|kg|ohg|ug|e\.?\s?k|"
    r"s\.?a\.?r?\.?l?|sas|sasu|eurl|s\.?p\.?a|s\.?r\.?l|b\.?v|n\.?v|s\.?l|oy|ab|as|a/s|pte|pty|group|holdings?|trading|enterprise|enterprises|"
    r"store|stores|mart|market|supermarket|restaurant|restoran|cafe|café|bakery|hardware|pharmacy|shop|bookshop|hotel|bank|university|institute|"
    r"association|foundation|services|industries|gift|deco|machinery|stationers?|bhd)\.?(?!\w)",
    re.IGNORECASE,
)
ADDRESS_HINT = re.compile(
    r"(?<!\w)(?:street|str|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|place|square|highway|hwy|way|floor|suite|unit|lot|no|block|blk|"
    r"p\.?\s?o\.?\s?box|jalan|jln|taman|lorong|kampung|kg|batu|bandar|off|persiaran|lebuh|pusat|kuala|lumpur|johor|bahru|selangor|shah|alam|petaling|jaya|"
    r"rue|place|allée|chemin|bd|cedex|quai|impasse|calle|c/|avenida|avda|plaza|paseo|via|viale|piazza|corso|largo|vicolo|laan|straat|plein|weg|gracht|"
    r"platz|allee|gasse|ring|ufer|rua|praça)\.?(?!\w)|\w{3,}(?:straße|strasse|str\.|weg|platz|allee|gasse|straat|laan|plein|gracht|kade|dreef|singel)(?!\w)",
    re.IGNORECASE,
)
POSTCODE = re.compile(
    r"(?<![\w.,/-])(?:[A-Z]{1,2}-)?(?:\d{5}(?:-\d{4})?|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|\d{6}|\d{4}(?=\s+[A-Z][a-z]))(?![\w.,/-]\d|\w)"
)
