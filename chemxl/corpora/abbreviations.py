"""What the rules for sentences know of words: abbreviations by what follows them, and words that begin sentences.

Abbreviations stand without their last full stop and in small letters; those that are written as two words, "т. е.",
"p. ej.", without the space. Texts in Russian, Spanish and Chinese hold English ones, too.
"""

from __future__ import annotations

from typing import Literal

# What the sentence does behind the full stop of a word:
#   always    goes on
#   named     goes on, also before a name, but not before a word that begins sentences
#   numbered  goes on before a number
#   coded     goes on before a number, an acronym or a formula
#   tail      goes on before a number that begins no list item
#   plain     ends before all but a small letter; for all others also a bracket goes on
Kind = Literal["always", "named", "numbered", "coded", "tail", "plain"]

_ENGLISH: dict[Kind, str] = {
    "always": "fig figs eqn eqns vs cf e.g i.e eg ie viz approx calcd calc incl excl esp sect chap",
    "named": """u.s u.k e.u ph.d m.d d.c y.o dr drs mr mrs ms messrs prof st ste mt jr sr esq inc co cos ltd corp bros
        mfg univ inst dept hosp assn assoc natl intl ed eds trans acad suppl tab tabs var cv pv""",
    "numbered": """no nos nr p pp pg vol vols ch ver v art cl para ref refs ex exs expt eq eqs cmpd cmpds compd cpd app
        tel fax ca c mp bp m.p b.p jan feb mar apr jun jul aug sep sept oct nov dec sec vit""",
    "coded": """sp spp ssp subsp bv str hort auct aq dil conc sat satd anhyd abs cat equiv equivs cryst recryst
        soln sol inj caps i.v i.p i.m s.c p.o pt pts hx dx rx tx""",
    "tail": """al etc wt mol min mins max secs hr hrs h wk wks mo mos yr yrs temp avg av est resp e.e
        d.r r.t a.m p.m""",
}
# With a capital letter at their beginning: places, offices and the words of journals' and patents' names.
_CAPITALISED = """Acta Adv Agric Am Amer Anal Anat Angew Ann Antimicrob Antivir Appl Arch Assoc Biochem Biochim Biol Bioorg
    Biomed Biophys Biotechnol Bot Br Brit Bull Can Carcinog Cardiol Cardiovasc Catal Chem Chemother Chim Chin Chir
    Chromatogr Circ Clin Coll Comm Commun Comp Comput Coord Crit Cryst Crystallogr Curr Cytol Dent Dermatol Dev Diabet
    Diagn Dig Dis Discov Dokl Ecol Econ Ed Educ Electrochem Electron Endocrinol Eng Engl Entomol Environ Enzymol Epidemiol
    Ethnopharmacol Eur Exp Fed Gastroenterol Gazz Gen Genet Geriatr Gynecol Haematol Helv Hematol Hepatol Hum Hyg Immunol
    Ind Infect Inorg Inst Int Intern Intl Invest Investig Isr Ital Izv Jpn Khim Lab Labs Lett Macromol Magn Mater Math
    Mech Med Metab Microbiol Mol Monatsh Mutat Nanotechnol Nat Natl Nephrol Neurochem Neurol Neurosci Nucl Nutr Obshch
    Obstet Oncol Ophthalmol Opin Opt Org Organomet Orthop Otolaryngol Parasitol Pathol Pediatr Perspect Pestic Pharm
    Pharmaceut Pharmacol Pharmacother Phil Phys Physiol Phytochem Pol Polym Postgrad Proc Prog Psychiatr Psychol
    Psychopharmacol Pulm Quant Quart Radiat Radiol Reg Regul Rep Reprod Res Respir Rev Rheumatol Russ Scand Sci Sect Semin
    Ser Soc Spectrom Spectrosc Stat Stereochem Struct Suppl Surg Surv Symp Synth Syst Technol Ther Thorac Thromb Tox
    Toxicol Trans Transl Transplant Trop Tuberc Univ Urol Vet Virol Vitam Zh
    Adm Capt Col Com Gov Hon Lt Maj Mlle Mme Pat Pats Pres Prov Pub Publ Rev Ave Blvd
    Ariz Calif Colo Conn Fla Ill Mass Md Mich Minn N.C N.J N.Y Okla Tenn Tex Va Wash Wis"""
# Also in capitals; other words in capitals are acronyms, as CF, CA, CO.
SHOUTED = frozenset("fig figs tab tabs no nos ser pat appl vs dr mr mrs st prof inc ltd corp ee uu рис табл фиг им".split())

_RUSSIAN: dict[Kind, str] = {
    "always": """рис табл фиг черт сх см ср напр т.е т.к т.н т.о т.ч т.наз гл пп подп разд уравн ур ок прибл акад проф доц
        канд докт им ул просп""",
    "named": """г гор пос дер с п д р о к оз пр-т пер пл наб бул м.н к.м.н д.м.н д.х.н к.х.н д.б.н к.б.н д.ф.н к.ф.н н.с
        с.н.с м.н.с и.о зав зам дир деж леч под ред сост авт отв изд свид пат заявл опубл англ лат греч нем фр франц исп
        итал яп син журн вестн изв докл тр сб матер науч практ конф клин эксп эксперим терап хир арх усп биохим биол
        биоорг фармакол токсикол микробиол иммунол неврол акуш гинек гинекол стоматол онкол кардиол
        офтальмол дерматол рентгенол лаб мед гиг эпидемиол вопр пробл бюл бюлл совр хим хим.-фарм фарм прикл орг неорг
        общ анал коллоидн высокомол соед кинет катал технол росс междунар вит инт эл вып т тт ч ст стр кн № каб корп тел факс""",
    "coded": "конц разб насыщ безв абс водн спирт экв кат тыс млн млрд трлн долл руб",
    "tail": """др пр проч т.д т.п т.пл т.кип соавт сотр вес масс мас об обл ат мол мин макс миним сек час сут нед мес гг вв
        коп шт инг инст пор доз экз уп таб капс амп кап ед н.э с.ш ю.ш в.д з.д рт.ст вод.ст м.д назв темп атм
        давл отн уд кв куб лейк эр тромб гем физ хр остр соотв перен полож отр норм нач кон сер пол исх стад степ терр""",
}
_SPANISH: dict[Kind, str] = {
    "always": "ee univ hosp avda av pza ctra aprox pág págs p.ej vid núm núms n.º nº cap",
    "named": """ee.uu uu ac ag sra srta sres dra dres d dña profa lic ing arq ud uds vd vds excmo ilmo gral dpto depto cía cia ltda s.a s.l fdo""",
    "numbered": "arts t tít párr",
    "coded": "sol comp cáps amp disol",
    "tail": "cols máx mín hab hs seg a.c d.c v.o",
}
_WORDS_OF_SPANISH = frozenset("no sin mar son est".split())

# Behind a number they are units, and a sentence may end: 5 г., XX в., II ст., по 1 табл.
UNITS = frozenset("к г гг в вв ч м л с см д т р ст табл кап капс таб амп ед сек мин сут нед мес eq h d s g l m".split())


def _kinds(*tables: dict[Kind, str]) -> dict[str, Kind]:
    return {word: kind for table in tables for kind in table for word in table[kind].split()}


_OF_ENGLISH = _kinds(_ENGLISH)
KINDS: dict[str, dict[str, Kind]] = {
    "en": _OF_ENGLISH,
    "zh": _OF_ENGLISH,
    "ru": _OF_ENGLISH | _kinds(_RUSSIAN),
    "es": {word: kind for word, kind in _OF_ENGLISH.items() if word not in _WORDS_OF_SPANISH} | _kinds(_SPANISH),
}
CAPITALISED = frozenset(_CAPITALISED.split())

# Words with which sentences begin, and names hardly ever.
_ENGLISH_STARTERS = """a an the this that these those it its he she they we you i his her their our there here one two three
    four five six seven eight nine ten each all both some such another any most many several few other others no none not
    only same in on at by for from to of with within without under over upon after before during between among against
    through throughout since until while when where why how what which who whether if as although though because unless
    once despite due given based using compared according following unlike like as
    however moreover furthermore thus therefore hence then finally first second third next also additionally in addition
    similarly likewise conversely consequently accordingly subsequently recently previously currently interestingly
    importantly notably surprisingly indeed nevertheless nonetheless meanwhile overall together further thereafter
    background aim aims objective objectives purpose introduction methods method materials results result findings
    conclusion conclusions discussion
    patients patient subjects participants women men children adults rats mice animals cells cell samples sample blood
    plasma serum tissue tissues liver brain treatment treatments therapy administration dose doses levels level activity
    expression inhibition activation binding analysis analyses data studies study evidence exposure response responses
    changes differences effects effect incidence mortality mean median total control controls group groups compound
    compounds reaction reactions mixture mixtures water solution solutions yield pain symptoms side adverse clinical
    human humans oral high low higher lower increased reduced significant similar different new more less long short
    single multiple please see note do does did is are was were has have had can could may must should will would"""
_RUSSIAN_STARTERS = """в во на из изо к ко с со у о об от до по для за при под над без через между перед после около среди
    вследствие благодаря согласно несмотря помимо кроме вместо ввиду наряду
    а и но или да не ни же как так что чтобы если когда где пока хотя поскольку однако поэтому также тоже затем далее
    потом после сейчас теперь тогда здесь там уже ещё еще лишь только почти более менее наиболее наименее впервые
    все всё всего вся весь это этот эта эти эту этого этой этих этим этими то тот та те ту того той тех тем такой такая
    такие такое таким таких он она оно они его её ее их им ими мы нас нам нами вы я мне меня мой моя сам сама один одна
    одно одним одной два две три четыре пять каждый каждая каждого каждому каждой другой другие других некоторые многие
    оба обе никто ничего нет был была было были есть имеется имеются
    цель целью задача задачи материал материалы метод методы методика результат результаты заключение вывод выводы введение
    обсуждение установлено показано выявлено обнаружено известно отмечено отмечается отмечены получены полученные
    проведено проведена проведены выполнено изучено изучены исследовано исследование исследования анализ данные
    использование применение введение назначение лечение терапия препарат препараты больной больная больные больных пациент
    пациентка пациенты пациентов пациентам животные животных животным крыс крысы мышей мыши клетки ткань ткани кровь
    плазма сыворотка печень мозг сердце доза дозы дозу уровень уровни активность содержание концентрация концентрации
    количество число частота эффект эффективность изменения изменение действие влияние снижение повышение увеличение
    уменьшение наличие отсутствие состояние температура давление диагноз жалобы анамнез объективно рекомендовано
    назначено назначен назначена смесь раствор осадок остаток продукт реакция реакцию реакции выход вода воду время
    группа группы группу группе опыты опыт контроль контролем таким кроме следует необходимо можно возможно вероятно
    очевидно например итак следовательно напротив наоборот соответственно средний средняя общий общая через симптомы
    боль боли побочные нежелательные летальность смертность осложнения операция ребёнок ребенок дети мама врач врачи"""
_SPANISH_STARTERS = """el la los las lo un una unos unas en de del al a con sin por para según tras durante entre desde hasta
    sobre ante bajo mediante contra y o pero sino aunque si cuando donde como que porque pues mientras además asimismo
    también tampoco así entonces luego después antes finalmente posteriormente actualmente sin embargo no ni se su sus este
    esta esto estos estas ese esa esos esas aquel ello él ella ellos ellas nuestro nuestra todo toda todos todas cada ambos
    ambas algunos algunas otro otra otros otras varios varias muchos dos tres cuatro cinco más menos solo sólo fue fueron
    es son era eran hay hubo ha han se
    objetivo objetivos introducción métodos método material resultados resultado conclusión conclusiones discusión caso
    casos paciente pacientes tratamiento diagnóstico estudio estudios datos efecto efectos niños niñas mujeres hombres
    ratas ratones células sangre hígado dosis nivel niveles actividad dolor síntomas mortalidad exploración analítica"""
STARTERS: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH_STARTERS.split()),
    "zh": frozenset(_ENGLISH_STARTERS.split()),
    "ru": frozenset((_ENGLISH_STARTERS + " " + _RUSSIAN_STARTERS).split()),
    "es": frozenset((_SPANISH_STARTERS + " the this it in we results patients").split()),
}

# A letter behind these is a label also where they have a capital letter themselves: Vitamin C, Гепатит B.
LETTERED = frozenset(
    """vitamin vitamins hepatitis influenza type types group groups class panel form step compound compounds factor
    hemoglobin haemoglobin immunoglobulin interferon protein kinase cyclin coenzyme fraction formula scheme method route
    stage grade phase level arm cohort part appendix table figure figs fig section region site chain subunit serotype
    subtype variant isoform polymorph peak sample amphotericin cyclosporin cyclosporine botulinum toxin enterotoxin
    apolipoprotein buffer solution medium protocol regimen room building antigen receptor complex mixture product isomer
    intermediate example case series domain
    vitamina vitaminas tipo grupo grupos clase forma factor fase estadio grado parte tabla figura influenza gripe
    anfotericina ciclosporina toxina inmunoglobulina proteína compuesto fórmula método ejemplo""".split()
)
LETTERED_STEMS = tuple(  # of Russian words
    """витамин гепатит тип групп класс форм штамм стади соединени фактор гемоглобин иммуноглобулин белок белк протеин
    фракци формул ф-л вариант подтип серотип рис фиг часть част раздел приложени таблиц рисунк точк проб образец образц серии
    сери этап фаз степен циклоспорин амфотерицин коэнзим кофермент интерферон энтеротоксин токсин антиген рецептор
    комплекс смес продукт изомер раствор буфер схем ветв участок участк цепь грипп субъединиц""".split()
)
# A letter behind these is an initial: words that stand before names, and those that name people and what bears their name.
BEFORE_NAMES = frozenset(
    """by and of from to with for in on at as or per via the et than using after before see cf named called dr prof mr mrs ms
    author authors chemist physicist biologist botanist researcher researchers inventor inventors investigator editor
    editors professor physician surgeon scientist engineer doctor director reviewer colleague
    y e o u de del la el los por con para en a según doctor doctora profesor profesora señor señora autor autores
    у по и с со от для к ко о об при без до за из на над под как или а но через
    имени премии памяти""".split()
)
BEFORE_NAMES_STEMS = tuple(
    """академик профессор доктор врач хирург терапевт химик физик биолог учён учен автор исследовател изобретател
    руководител сотрудник редакци метод способ синдром болезн шкал классификаци тест реакци теори работ мнени учени школ
    операци данны результат критери клиник институт больниц""".split()
)
