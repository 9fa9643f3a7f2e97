"""Which kinds of value a question's wording asks for, and which shape its answer has. Data only.

Patterns run over the folded question (lower case, no accents); the first kind pattern that matches decides.
"""

from __future__ import annotations

import re

from engine.readers.embedded.values import Kind

_D, _Y, _T, _A, _P, _N, _Q, _C = (
    Kind.DATE,
    Kind.YEAR,
    Kind.TIME,
    Kind.AMOUNT,
    Kind.PERCENT,
    Kind.NUMBER,
    Kind.QUANTITY,
    Kind.CODE,
)

_ROWS: tuple[tuple[str, tuple[tuple[Kind, float], ...]], ...] = (
    (r"e-?mail|courriel|correo electronico|البريد", ((Kind.EMAIL, 1.0),)),
    (r"web ?site|\burl\b|home ?page|web ?address|webseite|site (?:web|internet)|sitio web|sito web|网址", ((Kind.URL, 1.0),)),
    (r"\b(?:tele)?phone|\bfax\b|telefax|telefon|telefoon|\btel\b|mobile number|hotline|电话|传真|هاتف|فاكس", ((Kind.PHONE, 1.0),)),
    (
        r"(?:what|which|in what|in which) years?\b|in welchem jahr|welches jahr|quelle annee|en quelle annee|que ano|in che anno|quale anno|welk jaar|اي عام|اي سنه|哪一年",
        ((_Y, 1.0), (_D, 0.5)),
    ),
    (r"(?:what|which|at what) (?:\w+ )?time\b|um wie viel uhr|uhrzeit|a quelle heure|a que hora|a che ora|hoe laat|几点", ((_T, 1.0), (_D, 0.2))),
    (
        r"\bpercent(?:age)?\b|per cent\b|prozent|pourcentage|porcentaje|percentuale|百分",
        ((_P, 1.0), (_N, 0.5), (Kind.TEXT, 0.1)),
    ),
    (
        r"^when\b|\bwhen (?:was|is|did|were|does|will)\b|\bdate\b|\bdatum\b|\bdates\b|\bdated\b|\bdeadline\b|\bwann\b|^quand\b|\bquand\b|\bcuando\b|\bquando\b|\bwanneer\b|\bfecha\b|\bdata\b(?= (?:di|della|fattura|documento|scadenza))|date d|متي|تاريخ|日期|何时|什么时候|birthday|geboren",
        ((_D, 1.0), (_Y, 0.7), (_T, 0.2)),
    ),
    (
        r"how long\b|duration\b|wie lange|combien de temps|cuanto tiempo|quanto tempo|hoe lang",
        ((_Q, 1.0), (_N, 0.4), (_T, 0.3), (Kind.TEXT, 0.3)),
    ),
    (r"how (?:old|tall|large|big|far|heavy|high|deep|wide|fast)\b|temperature|weight|height|wie (?:gross|hoch|alt|schwer)", ((_Q, 1.0), (_N, 0.7), (Kind.TEXT, 0.2))),
    (
        r"how many\b|number of (?!the (?:invoice|receipt|order|bill))|count of|wie viele\b|anzahl|combien d|nombre d|cuant[oa]s\b|numero de (?=\w+s\b)|quant[ie]\b|hoeveel\b|aantal\b|كم عدد|عدد|多少(?!钱)|几",
        ((_N, 1.0), (_Q, 0.7), (_A, 0.3), (Kind.TEXT, 0.1)),
    ),
    (
        r"how much\b|amount\b|price\b|\bcosts?\b|\bfee\b|\bsum\b|\btotal\b|balance\b|\bvat\b(?! (?:id|num|no|reg))|\btax\b(?! (?:id|num|no|reg|inv))|wie ?viel\b|betrag|summe|kosten|montant|prix|importe|precio|cuanto\b|importo|prezzo|quanto\b|bedrag|prijs|totaal|المبلغ|المجموع|سعر|كم|金额|多少钱|价格|total[e]?\b",
        ((_A, 1.0), (_N, 0.8), (_P, 0.3), (_Q, 0.3)),
    ),
    (
        r"\b(?:number|no|nr|num|id|code|identifier|reference|nummer|numero|iban|bic|swift|vat id|isbn|issn|doi|sku|serial|nif|cif|siret|版本|号码|编号|رقم|code|version|zip|postal code|postcode|case|docket|model)\b|nummer\b",
        ((_C, 1.0), (_N, 0.5), (Kind.PHONE, 0.3), (Kind.TEXT, 0.2)),
    ),
    (
        r"\baddress\b|\bwhere (?:is|was) the (?:shop|store|company|seller|restaurant|business|office)|located\b|anschrift|\badresse\b|direccion|indirizzo|\badres\b|地址|عنوان",
        ((Kind.ADDRESS, 1.0), (Kind.PLACE, 0.3)),
    ),
    (
        r"\bwhere\b|(?:what|which|in which|in what|from which) (?:city|country|town|state|place|location|region|county|village|street)|\bwo\b|\bwoher\b|\bd?ou\b(?= (?:est|se|sont|a|ont|etait))|\bdonde\b|\bdove\b|\bwaar\b|اين|哪里",
        ((Kind.PLACE, 1.0), (Kind.ADDRESS, 0.4), (Kind.TEXT, 0.5)),
    ),
    (
        r"(?:name of the|name of|which|what) (?:company|shop|store|seller|vendor|business|firm|supplier|merchant|restaurant|organi[sz]ation|bank|manufacturer|publisher|university|institution|agency)|company name|store name|firma\b|entreprise|empresa|azienda|bedrijf",
        ((Kind.COMPANY, 1.0), (Kind.TEXT, 0.5), (Kind.PERSON, 0.2)),
    ),
    (
        r"\bwho\b|\bwhom\b|\bwhose\b|\bwer\b|\bwen\b|\bwem\b|^qui\b|\bpar qui\b|\ba qui\b|\bqui (?:a|est|etait|ont)\b|\bquien(?:es)?\b|\bchi\b|\bwie (?:is|heeft|was|zijn|werd)\b|^wie\b|谁|\bمن\b (?:هو|هي)|author|signed by|name of the (?:person|patient|student|employee|applicant|director|president|judge|attorney|lawyer|cashier)",
        ((Kind.PERSON, 1.0), (Kind.COMPANY, 0.6), (Kind.TEXT, 0.5)),
    ),
    (r"\bnames?\b|\bnom\b|\bnombre\b|\bnome\b|\bnaam\b", ((Kind.PERSON, 0.7), (Kind.COMPANY, 0.7), (Kind.TEXT, 0.8))),
)
KIND_PATTERNS = tuple((re.compile(pattern), kinds) for pattern, kinds in _ROWS)

SHAPE_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "section",
        re.compile(
            r"what (?:does|do|did) (?:the )?(?:section|paragraph|chapter|clause|part|passage|note|text)?.{1,80}\b(?:say|state|read|specify)s?\b(?! about the (?:date|total))"
            r"|(?:text|content|contents|wording) of (?:the )?(?:section|paragraph|clause|note)|what is written (?:in|under) "
            r"|was steht (?:im abschnitt|unter)|que dit (?:la section|le paragraphe|l'article)|que dice (?:la seccion|el apartado)|cosa dice (?:la sezione|il paragrafo)|wat staat er (?:in|onder)"
        ),
    ),
    (
        "yes-no",
        re.compile(
            r"^(?:is|are|was|were|does|do|did|has|have|can|will|must|may|should) (?!.*\bor\b)|^(?:ist|sind|war|hat|gibt es|wird|kann) |^est-ce|^(?:hay|es|esta|tiene) |^(?:c'e|e'|ha) |^(?:is|zijn|heeft|wordt|kan) |^هل"
        ),
    ),
    (
        "title",
        re.compile(
            r"\b(?:title|heading|headline) of (?:the|this) (?:document|page|report|article|paper|form|table|book|letter|image|file|text|presentation|slide|poster)|^what is the (?:title|heading|headline|main heading)\b(?! of)|document title|page title|titre (?:du|de la) (?:document|page)|titel (?:des|der|van)|titulo del|titolo del"
        ),
    ),
    (
        "count",
        re.compile(
            r"how many (?:items?|rows?|lines?|entries|products?|articles?|questions?|steps?|ingredients?|columns?|sections?|line items|options?|names?|people|persons|countries|times)\b.*\b(?:listed|are there|on (?:the|this)|in (?:the|this)|shown|does the|appear|mentioned)"
        ),
    ),
)
