"""A small whole input for each reader, from which :mod:`test_fuzz` makes broken ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chemxl.corpora import (
    annotated,
    beads,
    bioc,
    brat,
    chemprot,
    concepts,
    conll,
    gad,
    jsonl,
    lexicon,
    lines,
    linked,
    livingner,
    names,
    po,
    pubmedqa,
    pubtator,
    rudrec,
    table,
    text,
    tmx,
    triples,
    tsv,
)
from chemxl.corpora.paired import AlignedTexts, Fact
from chemxl.documents import Document, Pair

BRAT = {
    "a.txt": "Налоксон снимает\nдействие клонидина 😀 при боли.",
    "a.ann": "T1\tCHEM 0 8\tНалоксон\nT2\tCHEM 26 35\tклонидина\nT3\tDISO 17 25;42 46\tдействие боли\n"
    "R1\tINHIBITOR Arg1:T1 Arg2:T2\t\nE1\tLoss:T3 Theme:T1\nA1\tNegation E1\nN1\tReference T1 MESH:D009270\tnaloxone\n"
    "#1\tAnnotatorNotes T1\tверно\n*\tEquiv T1 T2\n",
    "b.txt": "NaCl",
    "b.ann": "T1\tCHEM 0 4\tNaCl\r\n",
}
PUBTATOR = {
    "a.txt": "1|t|Naloxone and clonidine.\n1|a|Клонидин lowers pressure.\n1\t0\t8\tNaloxone\tChemical\tD1\n"
    "1\t13\t22\tclonidine\tChemical\tD2\n1\t40\t48\tpressure\tDisease\tD3|D4\tone|two\n1\tCID\tD1\tD3\n\n"
    "2|t|NaCl\n2|a|\n2\t0\t4\tNaCl\tChemical\tD5\n",
}
TSV = {
    "1_ru.txt": "Поражение лёгких и сердца при приёме амиодарона.",
    "2_ru.txt": "NaCl",
    "x-ent.tsv": "document_id\tentity_type\tentity_text\tentity_span\n1_ru\tDISO\tПоражение лёгких\t0-16\n"
    "1_ru\tDISO\tПоражение сердца\t0-9,19-25\n1_ru\tCHEM\tамиодарона\t37-47\n2_ru\tCHEM\tNaCl\t0-4\n",
    "x-rel.tsv": "document_id\trelation\thead_text\thead_span\thead_type\ttail_text\ttail_span\ttail_type\n"
    "1_ru\tHAS_CAUSE\tПоражение лёгких\t0-16\tDISO\tамиодарона\t37-47\tCHEM\n",
}
ANNOTATED = {
    "a.jsonl": '{"id": "1", "text": "Налоксон снимает боль", "mentions": [{"id": "T1", "type": "CHEM", "start": 0, '
    '"end": 8, "text": "Налоксон"}, {"id": "T2", "type": "DISO", "start": 17, "end": 21, "text": "боль"}], '
    '"relations": [{"id": "R1", "type": "TREATS", "head": "T1", "tail": "T2"}]}\n'
    '{"id": 2, "text": "NaCl 😀 KCl", "entities": [[0, 4, "CHEM"], [7, 10, "CHEM"]]}\n',
}
CONLL = {
    "a.txt": "-DOCSTART-\t1\n\nПриём\tO\nацетилсалициловой\tB-DRUG\nкислоты\tI-DRUG\n\nhigh\tB-ADR\n\n"
    "-DOCSTART-\t2\n\nNaCl\tB-DRUG\n",
    "b.txt": "Naloxone NNP B-CHEM\nworks VBZ O\n\nPain NN B-DISO\n",
}
BIOC = {
    "a.xml": "<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection>\n"
    "<document><id>1</id>\n<passage><offset>0</offset><text>Naloxone &amp; боль.</text>\n"
    "<annotation id='0'><infon key='type'>Chemical</infon><infon key='MESH'>D1</infon>\n"
    "<location offset='0' length='8'/><text>Naloxone</text></annotation>\n</passage>\n"
    "<passage><offset>18</offset><text>Pain of the lung</text>\n"
    "<annotation id='1'><infon key='type'>Disease</infon><infon key='MESH'>D2|D3</infon>\n"
    "<location offset='18' length='4'/><location offset='30' length='4'/><text>Pain lung</text></annotation>\n"
    "</passage>\n<relation id='R0'><infon key='relation'>CID</infon><infon key='Chemical'>D1</infon>\n"
    "<infon key='Disease'>D3</infon></relation>\n</document>\n"
    "<document><id>2</id><passage><offset>0</offset><sentence><offset>0</offset><text>NaCl</text>\n"
    "<annotation id='0'><infon key='type'>Chemical</infon><location offset='0' length='4'/><text>NaCl</text>\n"
    "</annotation></sentence></passage></document>\n</collection>\n",
}
CHEMPROT = {
    "x_abstracts.tsv": "1\tNaloxone\tIt binds the μ-receptor.\n2\tNaCl\tSalt.\n",
    "x_entities.tsv": "1\tT1\tCHEMICAL\t0\t8\tNaloxone\n1\tT2\tGENE-Y\t22\t32\tμ-receptor\n"
    "2\tT1\tCHEMICAL\t0\t4\tNaCl\n",
    "x_gold_standard.tsv": "1\tCPR:4\tArg1:T1\tArg2:T2\n",
}
RUDREC = {
    "a.json": '{"file_name": "1.tsv", "text": "Пила аспирин.\\n", "entities": [{"start": 5, "end": 12, '
    '"entity_type": "Drugname", "entity_text": "аспирин", "concept_name": NaN}], "sentence_id": 0}\n'
    '{"file_name": "1.tsv", "text": "Была сыпь.\\n", "entities": [{"start": 5, "end": 9, "entity_type": "ADR", '
    '"entity_text": "сыпь"}], "sentence_id": 1}\n'
    '{"file_name": "2.tsv", "text": "Йод", "entities": [{"start": 0, "end": 3, "entity_type": "Drugname", '
    '"entity_text": "Йод"}]}\n',
}
GAD = {
    "a.json": '{"id": "0", "sentence": "@GENE$ in @DISEASE$.", "label": "1"}\n'
    '{"id": "1", "sentence": "При @DISEASE$ нет @GENE$.", "label": "0"}\n',
}
JSONL = {"a.jsonl": '{"text": "Боль в горле", "code": "J02"}\n{"text": "Кашель \\u0430", "code": "R05"}\n'}
PUBMEDQA = {
    "a.json": '{\n"17": {"CONTEXTS": ["Naloxone.", "Боль."]},\n"18": {"CONTEXTS": ["NaCl"], "YEAR": "2011"}\n}\n'
}
TEXT = {"a.txt": "Гидролиз сложных эфиров.\n\nВведение\n", "b.txt": "NaCl и вода\n"}

TMX = {
    "a.tmx": '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header srclang="en"/><body>\n'
    '<tu tuid="a:1"><prop type="x-score">0.75</prop>\n<tuv xml:lang="en"><seg>a <hi>fever</hi></seg></tuv>\n'
    '<tuv xml:lang="ru-RU"><seg>жар<ph>{1}</ph></seg></tuv>\n</tu>\n'
    '<tu><tuv xml:lang="RU"><seg>кашель</seg></tuv><tuv lang="en"><seg>cough</seg></tuv></tu>\n</body></tmx>\n',
}
LINES = {
    "x.en-ru.src.en": "Salt.\nWater.\n",
    "x.en-ru.ref.A.ru": "Соль.\nВода.\n",
    "ru-en.txt": "Спирт\n",
    "ru-en.refA.txt": "Alcohol\n",
}
LEXICON = {
    "a.tsv": "en\tru\tla\naspirin\tаспирин\tacidum\nsalt\tсоль\t\n",
    "b.csv": "id,sourceLang,targetLang,sourceString,targetString\n1,en,ru_RU,flu,грипп\n"
    '2,ru,en,"жар, ""лихорадка""",fever\n',
}
PO = {
    "a.po": 'msgid ""\nmsgstr ""\n"Language: ru\\n"\n\n#: a.cpp:1\nmsgctxt "element"\nmsgid "Iron"\nmsgstr "Железо"\n\n'
    '#, kde-format\nmsgid "A \\"noble\\" "\n"gas"\nmsgstr ""\n"Инертный "\n"газ"\nmsgid "one"\nmsgid_plural "many"\n'
    'msgstr[0] "один"\nmsgstr[1] "много"\n\n#, fuzzy\nmsgid "x"\nmsgstr "у"\n\n#~ msgid "old"\n#~ msgstr "старое"\n',
}
CONCEPTS = {
    "en.tsv": "document_id\ttext\tentity_type\tspans\tUMLS_CUI\n1_en\taspirin\tCHEM\t0-7\tC0004057\n"
    "1_en\tpain\tDISO\t8-12\tC0030193\n",
    "ru.tsv": "document_id\ttext\tentity_type\tspans\tUMLS_CUI\n1_ru\tаспирин\tCHEM\t0-7\tC0004057\n"
    "1_ru\tболь\tDISO\t8-12\tC0030193\n1_ru\tчто-то\tDISO\t13-19\tCUILESS\n",
}
LINKED = {
    "a.json": '{"sent1": "Aspirin is a drug.", "sent2": "阿司匹林是一种药物。"}\n'
    '{"sent1": "盐", "sent2": "Salt", "label": "link"}\n',
}
LIVINGNER = {
    "caso_1.txt": "Varón de 4 años 😀 con\nsífilis y E. coli.",
    "caso_2.txt": "Perro",
    "entities.tsv": "filename\tmark\tlabel\toff0\toff1\tspan\tNCBITax\ncaso_1\tT1\tHUMAN\t0\t5\tVarón\t9606\n"
    "caso_1\tT2\tSPECIES\t22\t29\tsífilis\t160\ncaso_1\tT3\tSPECIES\t32\t39\tE. coli\t562\n"
    "caso_2\tT1\tSPECIES\t0\t5\tPerro\t9615|H\n",
}
NAMES = {
    "a.tsv": "source\tid\ten\tru\ncui\tC0004057\taspirin\tаспирин\ncui\tC0004057\taspirin\tаспирина\n"
    "cas\tcas:\tsalt\tсоль\n",
}
TRIPLES = {
    "a.tsv": "head\trelation\ttail\tsource\thead_ru\ttail_ru\thead_ru_source\ttail_ru_source\thead_zh\ttail_zh\t"
    "head_zh_source\ttail_zh_source\naspirin\ttreats\tpain\tmedi|sider\tаспирин\tболь\tinn\tcui|hand\t\t\t\t\n"
    "flu\tis a\tinfection\ticd10\tгрипп\tинфекция\ticd10\ticd10\t流感\t感染\ticd10\ticd10\n"
    "fever\tis a\tsign\thpo\t\t\t\t\t发热\t体征\thpo\thpo\n",
}
BEADS = {
    "a.en.txt": "Salt .\nWater , and air .\nFire .\n",
    "a.zh.txt": "盐 。\n水 。\n空气 。\n",
    "b.en.txt": "Pain .\n",
    "b.zh.txt": "疼痛 。\n",
    "align.tsv": "document\talignment\tverdict\na\t1 <=> 1\tOK\na\t2,3 <=> 2\tOK\n"
    "a\tomitted <=> 3\tOK\nb\t1 <=> 1\tOK\n",
}
TABLE = {"a.tsv": "title\task\tanswer\nБоль\tЧто делать?\tЛежать\nFlu\tHow long?\tA week\n"}

EN_RU = {"languages": ("en", "ru")}
Read = Callable[..., list[Document] | list[Pair] | list[Fact] | list[AlignedTexts]]
READERS: dict[str, tuple[Read, dict[str, str]]] = {
    "annotated": (annotated.read, ANNOTATED),
    "beads": (partial(beads.read, languages=("en", "zh"), left="zh"), BEADS),
    "bioc": (bioc.read, BIOC),
    "brat": (brat.read, BRAT),
    "chemprot": (chemprot.read, CHEMPROT),
    "concepts": (partial(concepts.read, **EN_RU), CONCEPTS),
    "conll": (conll.read, CONLL),
    "gad": (gad.read, GAD),
    "jsonl": (jsonl.read, JSONL),
    "lexicon": (partial(lexicon.read, **EN_RU), LEXICON),
    "lines": (partial(lines.read, **EN_RU), LINES),
    "linked": (partial(linked.read, languages=("en", "zh")), LINKED),
    "livingner": (livingner.read, LIVINGNER),
    "names": (partial(names.read, **EN_RU, concept="id"), NAMES),
    "po": (partial(po.read, **EN_RU), PO),
    "pubmedqa": (pubmedqa.read, PUBMEDQA),
    "pubtator": (pubtator.read, PUBTATOR),
    "rudrec": (rudrec.read, RUDREC),
    "table": (partial(table.read, text="title ask answer"), TABLE),
    "text": (text.read, TEXT),
    "tmx": (partial(tmx.read, **EN_RU), TMX),
    "triples": (partial(triples.read, **EN_RU), TRIPLES),
    "tsv": (tsv.read, TSV),
}
UNANNOTATED = {"jsonl", "pubmedqa", "table", "text"}
