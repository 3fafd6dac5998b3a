"""What the rules for sentences know of words: abbreviations by what follows them, words that begin sentences, labels.

Abbreviations stand without their last full stop and in small letters; those that are written as two words, "т. е.",
"p. ej.", without the space. Texts in Russian, Spanish and Chinese hold English ones, too. This is a module and no file
of data, so that it counts in the digest of whatever splits sentences.
"""

from __future__ import annotations

import re
from typing import Literal

# What the sentence does behind the full stop of a word:
#   always    goes on
#   named     goes on, also before a name, but not before a word that begins sentences
#   numbered  goes on before a number
#   coded     goes on before a number, an acronym or a formula
#   tail      goes on before a number that begins no list item
#   plain     ends before all but a small letter; behind all other kinds the sentence also goes on before a bracket
Kind = Literal["always", "named", "numbered", "coded", "tail", "plain"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH: dict[Kind, str] = {
    "always": "approx calc calcd cf chap e.g eg eqn eqns esp excl fig figs i.e ie incl sect viz vs",
    "named": """acad assn assoc bros co corp cv d.c dept dr drs e.u ed eds esq hosp inc inst intl jr ltd m.d messrs
        mfg mr mrs ms mt natl ph.d prof pv ser sr st ste supp suppl u.k u.s univ v var vit y.o""",
    "numbered": """app apr art aug b.p bp c ca ch cl cmpd cmpds compd cpd dec eqs ex expt exs fax feb jan jul jun m.p
        mar mp no nos nov nr oct p para pg pp ref refs sec sep sept tel ver vol vols""",
    "coded": """abs anhyd aq auct bv caps cat conc cryst dil dx eq equiv equivs hort hx i.m i.p i.v inj p.o pt pts
        recryst rx s.c sat satd sol soln sp spp ssp str subsp tab tabs tx""",
    "tail": """a.m al av avg d.r e.e est etc gr h hr hrs lab lit max min mins mo mol mos p.m r.t resp secs temp wk wks
        wt yr yrs""",
}
# With a capital letter: words of the names of journals, patents and places, titles, forms of drugs, initials.
CAPITALISED = _set(
    """Abstr Acta Adm Adv Agric Am Amer Anal Anat Angew Ann Antimicrob Antivir Appl Arch Ariz Assoc Ave Beilst Ber
    Biochem Biochim Biol Biomed Bioorg Biophys Biotechnol Blvd Bot Br Brit Bull Calif Can Cap Capt Carcinog Cardiol
    Cardiovasc Catal Ch Chem Chemother Chim Chin Chir Chr Chromatogr Circ Clin Clín Col Coll Colo Com Comm Commun Comp
    Comput Conn Coord Crit Cryst Crystallogr Curr Cytol Dent Dermatol Dev Diabet Diagn Dig Dis Discov Dokl Ecol Econ
    Ed Educ Electrochem Electron Endocrinol Eng Engl Entomol Environ Enzymol Epidemiol Ethnopharmacol Eur Exp Fed Fla
    Fri Gastroenterol Gazz Gen Genet Ger Geriatr Gov Gynecol Haematol Helv Hematol Hepatol Hon Hum Hyg Ill Immunol Ind
    Infect Inj Inorg Inst Instrum Int Intern Intl Invest Investig Isr Ital Izv Jap Jpn Kh Khim Labs Lett Lt
    Macromol Magn Maj Mass Mater Math Md Mech Med Metab Mich Microbiol Minn Mlle Mme Mol Mon Monatsh Mutat N.C N.J N.Y
    Nanotechnol Nat Natl Naturforsch Nephrol Neurochem Neurol Neurosci Nucl Nutr Obshch Obstet Offen Oint Okla Oncol
    Ophthalmol Opin Opt Org Organomet Orthop Otolaryngol Parasitol Pat Pathol Pats Pediatr Perspect Pestic Pharm
    Pharmaceut Pharmacol Pharmacother Phil Phys Physiol Phytochem Pol Polym Postgrad Pres Proc Prog Protoc Prov
    Psychiatr Psychol Psychopharmacol Pub Publ Pulm Quant Quart Radiat Radiol Reg Regul Rep Reprod Res Respir Rev
    Rheumatol Russ Scand Sci Sect Semin Ser Sh Soc Spectrom Spectrosc Stat Stereochem Struct Suppl Surg Surv Symp
    Synth Syr Syst Tab Tabs Technol Tenn Tex Th Ther Thorac Thromb Thu Tox Toxicol Trans Transl Transplant Trop Ts
    Tuberc Tue Univ Urol Va Vet Virol Vitam Wash Wed Wis Wm Ya Yu Zh Дж"""
)
# Also in capitals; other words in capitals are acronyms, as CF, CA, CO.
SHOUTED = _set("""appl corp dr ee fig figs inc ltd mr mrs no nos pat prof ser st tab tabs uu vs а.с им рис табл фиг""")

_RUSSIAN: dict[Kind, str] = {
    "always": """акад гл докт доц канд напр ок подп пп прибл прил просп проф разд рис см ср сх т.е т.к т.н т.наз
        т.о т.ч табл ул ур уравн фиг черт""",
    "named": """а.с авт акуш анал англ арх биол биоорг биохим бул бюл бюлл вер вестн вит вопр вып высокомол г гиг
        гинек гинекол гор греч д д.б.н д.м.н д.ф.н д.х.н деж дер дерматол дир докл журн зав зам заявл и.о изв изд
        им иммунол инт исп итал к к.б.н к.м.н к.ф.н к.х.н каб кардиол катал каф кинет кл клин кн коллоидн конф корп лаб
        лат леч м.н м.н.с матер мед междунар микробиол н.с наб науч неврол нем неорг о обл общ оз онкол опубл орг отв
        офтальмол п пат пер пл под пос пр-т практ прикл пробл р ред рентгенол росс с с.н.с сб св свид сер син совр соед
        сост ст стоматол стр т терап технол токсикол тр тт усп фарм фармакол фр франц хим хим.-фарм хир ч
        эксп эксперим эл эпидемиол яп №""",
    "numbered": "авг апр дек июл июн мар нояб окт сент тел факс фев февр янв",
    "coded": "абс безв водн долл кат конц млн млрд насыщ разб руб спирт трлн тыс экв",
    "tail": """амп ат атм в.д вв вес вод.ст выс гг гем гр давл дн доз др ед з.д инг инст исх кап капс кв кон коп куб
        лейк м.д м.м макс мас масс мес мин миним мол мол.м н.э назв нач нед норм об остр отд отн отр перен пол полож
        пор пр проч разл рт.ст с.ш сек соавт соотв сотр сравн стад степ сут т.д т.кип т.п т.пл т.разл таб темп терр
        тромб уд уп физ хр час шт экз эр ю.ш""",
}
_SPANISH: dict[Kind, str] = {
    "always": "aprox av avda cap ctra ee hosp n.º nº núm núms p.ej pza pág págs univ vid",
    "named": """a ac ag arq c cia cía d depto dpto dra dres dña ee.uu excmo fdo gral ilmo ing lic ltda profa s s.a s.l
        sra sres srta ud uds uu vd vds""",
    "numbered": "arts párr t tít",
    "coded": "amp comp cáps disol sol",
    "tail": "a.c cols d.c hab hs máx mín seg v.o",
}
_WORDS_OF_SPANISH = _set("est mar ser sin son")

# Behind a number they are units, and a sentence may end: 5 г., XX в., II ст., по 1 табл.
UNITS = _set("""d g h l m ms s амп в вв г гг д ед к кап капс л м мес мин нед р с сек см ст сут т таб табл ч""")


def _kinds(*tables: dict[Kind, str]) -> dict[str, Kind]:
    return {word: kind for table in tables for kind in table for word in table[kind].split()}


_OF_ENGLISH = _kinds(_ENGLISH)
KINDS: dict[str, dict[str, Kind]] = {
    "en": _OF_ENGLISH,
    "zh": _OF_ENGLISH,
    "ru": _OF_ENGLISH | _kinds(_RUSSIAN),
    "es": {word: kind for word, kind in _OF_ENGLISH.items() if word not in _WORDS_OF_SPANISH} | _kinds(_SPANISH),
}

# Words with which sentences begin, and names hardly ever.
_ENGLISH_STARTERS = _set(
    """a an the this that these those it its he she they we you i his her their our there here one two three four five
    six seven eight nine ten each all both some such another any most many several few other others no none not only
    same in on at by for from to of with within without under over upon after before during between among against
    through throughout since until while when where why how what which who whether if as although though because
    unless once despite due given based using compared according following unlike like however moreover furthermore
    thus therefore hence then finally first second third next also additionally addition similarly likewise conversely
    consequently accordingly subsequently recently previously currently interestingly importantly notably surprisingly
    indeed nevertheless nonetheless meanwhile overall together further thereafter background aim aims objective
    objectives purpose introduction methods method materials results result findings conclusion conclusions discussion
    patients patient subjects participants women men children adults rats mice animals cells cell samples sample blood
    plasma serum tissue tissues liver brain treatment treatments therapy administration dose doses levels level
    activity expression inhibition activation binding analysis analyses data studies study evidence exposure response
    responses changes differences effects effect incidence mortality mean median total control controls group groups
    compound compounds reaction reactions mixture mixtures water solution solutions yield pain symptoms side adverse
    clinical human humans oral high low higher lower increased reduced significant similar different new more less
    long short single multiple please see note do does did is are was were has have had can could may must should will
    would"""
)
_RUSSIAN_STARTERS = _set(
    """в во на из изо к ко с со у о об от до по для за при под над без через между перед после около среди вследствие
    благодаря согласно несмотря помимо кроме вместо ввиду наряду а и но или да не ни же как так что чтобы если когда
    где пока хотя поскольку однако поэтому также тоже затем далее потом сейчас теперь тогда здесь там уже ещё еще лишь
    только почти более менее наиболее наименее впервые все всё всего вся весь это этот эта эти эту этого этой этих
    этим этими то тот та те ту того той тех тем такой такая такие такое таким таких он она оно они его её ее их им ими
    мы нас нам нами вы я мне меня мой моя сам сама один одна одно одним одной два две три четыре пять каждый каждая
    каждого каждому каждой другой другие других некоторые многие оба обе никто ничего нет был была было были есть
    имеется имеются цель целью задача задачи материал материалы метод методы методика результат результаты заключение
    вывод выводы введение обсуждение установлено показано выявлено обнаружено известно отмечено отмечается отмечены
    получены полученные проведено проведена проведены выполнено изучено изучены исследовано исследование исследования
    анализ данные использование применение назначение лечение терапия препарат препараты больной больная больные
    больных пациент пациентка пациенты пациентов пациентам животные животных животным крыс крысы мышей мыши клетки
    ткань ткани кровь плазма сыворотка печень мозг сердце доза дозы дозу уровень уровни активность содержание
    концентрация концентрации количество число частота эффект эффективность изменения изменение действие влияние
    снижение повышение увеличение уменьшение наличие отсутствие состояние температура давление диагноз жалобы анамнез
    объективно рекомендовано назначено назначен назначена смесь раствор осадок остаток продукт реакция реакцию реакции
    выход вода воду время группа группы группу группе опыты опыт контроль контролем следует необходимо можно возможно
    вероятно очевидно например итак следовательно напротив наоборот соответственно средний средняя общий общая
    симптомы боль боли побочные нежелательные летальность смертность осложнения операция ребёнок ребенок дети мама
    врач врачи"""
)
_SPANISH_STARTERS = _set(
    """el la los las lo un una unos unas en de del al a con sin por para según tras durante entre desde hasta sobre
    ante bajo mediante contra y o pero sino aunque si cuando donde como que porque pues mientras además asimismo
    también tampoco así entonces luego después antes finalmente posteriormente actualmente embargo no ni se su sus
    este esta esto estos estas ese esa esos esas aquel ello él ella ellos ellas nuestro nuestra todo toda todos todas
    cada ambos ambas algunos algunas otro otra otros otras varios varias muchos dos tres cuatro cinco más menos solo
    sólo fue fueron es son era eran hay hubo ha han objetivo objetivos introducción métodos método material resultados
    resultado conclusión conclusiones discusión caso casos paciente pacientes tratamiento diagnóstico estudio estudios
    datos efecto efectos niños niñas mujeres hombres ratas ratones células sangre hígado dosis nivel niveles actividad
    dolor síntomas mortalidad exploración analítica"""
)
STARTERS: dict[str, frozenset[str]] = {
    "en": _ENGLISH_STARTERS,
    "zh": _ENGLISH_STARTERS,
    "ru": _ENGLISH_STARTERS | _RUSSIAN_STARTERS,
    "es": _SPANISH_STARTERS | {"the", "this", "it", "we", "results", "patients"},
}
# Sentences that begin with a small letter: n-Butanol, α-D-Glucose, tert-Butyl, mRNA, p53, beta 2-Adrenergic, β-catenin.
SMALL_BEGIN = re.compile(
    r"[^\W\d_]{1,6}-[A-ZА-ЯЁ]|[a-zа-я]{1,5}[A-ZА-Я]|[a-z]{1,4}\d|[α-ω]\W|(?:alpha|beta|gamma|delta)\W{0,2}[A-Z\d]"
)
WHOLE_WORD = re.compile(  # no abbreviation: those are cut behind a consonant
    r"[а-яё]{2,}(?:[а-яё][аеёиоуыэюяйь]|[аеёиоуыя][лмх])\Z|[a-záéíóúñ]{3,}(?:[aeouyáéíóú]s?|ed|ing|ion|er|al|nt)\Z"
)

# A letter behind these is a label also where they have a capital letter themselves: Vitamin C, Гепатит B.
LETTERED = _set(
    """amphotericin anfotericina antigen apolipoprotein appendix arm botulinum buffer building case chain ciclosporina
    clase class coenzyme cohort complex compound compounds compuesto cyclin cyclosporin cyclosporine domain ejemplo
    enterotoxin estadio example factor fase fig figs figura figure form forma formula fraction fórmula grade grado
    gripe group groups grupo grupos haemoglobin hemoglobin hepatitis immunoglobulin influenza inmunoglobulina
    interferon intermediate isoform isomer kinase level medium method mixture método panel part parte peak phase
    polymorph product protein proteína protocol receptor regimen region room route sample scheme section series
    serotype site solution stage step subtype subunit tabla table tipo toxin toxina type types variant vitamin
    vitamina vitaminas vitamins"""
)
_LETTERED_STEMS = _set(
    """амфотерицин антиген белк белок буфер вариант ветв витамин гемоглобин гепатит грипп изомер иммуноглобулин
    интерферон класс комплекс кофермент коэнзим образец образц подтип приложени проб продукт протеин раздел раствор
    рецептор рис рисунк сери серии серотип смес соединени стади степен субъединиц схем таблиц тип токсин точк участк
    участок ф-л фаз фактор фиг форм формул фракци цепь циклоспорин част часть штамм энтеротоксин этап"""
)
# A letter behind these is an initial: words that stand before names, and that name people and what bears their names.
BEFORE_NAMES = _set(
    """a after and as at author authors autor autores before biologist botanist by called cf chemist colleague con de
    del director doctor doctora dr e editor editors el en engineer et for from in inventor inventors investigator la
    los mr mrs ms named o of on or para per physician physicist por prof profesor profesora professor researcher
    researchers reviewer scientist see según señor señora surgeon than the to u using via with y а без для до за и из
    или имени к как ко на над но о об от памяти по под премии при с со у через"""
)
_BEFORE_NAMES_STEMS = _set(
    """автор академик биолог болезн больниц врач данны доктор изобретател институт исследовател классификаци клиник
    критери метод мнени операци профессор работ реакци редакци результат руководител синдром сотрудник способ теори
    терапевт тест учен учени учён физик химик хирург шкал школ"""
)
LETTERED_STEMS, BEFORE_NAMES_STEMS = tuple(_LETTERED_STEMS), tuple(_BEFORE_NAMES_STEMS)  # of Russian words
# Other words that a letter stands behind more often than an initial: циклоспорин А, протеинкиназы C, Enterotoxin B.
SUBSTANCE = re.compile(
    r"(?:[ио]н|аз|оид|ол|ид|ат|ит|ген|вирус|фактор)(?:[аыуеоия]|ом|ой|ов|ам|ами|ах)?\Z"
    r"|(?:toxin|globulin|sporine?|ase|virus|ycin|cillin|protein|genin|valin|amine)s?\Z"
)
# English words that a letter behind them is no label of: described A. Smith, the chemist A. Smith, but agonist A.
NO_LABEL = re.compile(r"(?:ing|ed|ly|(?<!gon)ists?|ians?|patient|wife|colleagues?)\Z")
BEHIND_INITIALS = ("St", "Typhi", "Typhimurium", "Enteritidis", "Paratyphi")  # A. St.-Hil., S. Typhi
