# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Named entity recognition
#
# ## Answer
#
# - A small multilingual encoder trained on English chemicals alone reaches an F1 of {glue:text}`zero_shot` on Russian
#   abstracts ({term}`zero-shot transfer`, перенос без обучающих примеров). The same encoder trained on Russian
#   abstracts reaches {glue:text}`upper`.
# - Trained on English, the encoder reaches {glue:text}`english_half` on the English translations of the same
#   abstracts; trained and tested on BC5CDR, {glue:text}`english`. So more is lost to the other corpus, which counts
#   other substances as chemicals, than to the language.
# - Without multilingual pretraining little crosses over. A list of the names that English training text annotates (a
#   {term}`gazetteer`) reaches {glue:text}`names_english` on BC5CDR, but {glue:text}`names_across` on Russian
#   abstracts; a BiLSTM-CRF {glue:text}`floor_english` and {glue:text}`floor`.
# - About half of BioNNE-R's mentions stand inside longer ones. A head that scores spans finds these, too: F1 over all
#   mentions of eight types is {glue:text}`spans_ru` in Russian, with one layer of labels {glue:text}`layer_ru`.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# The papers' claims, judged by what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("04_ner")

# %% [markdown]
# ## Question
#
# Can one model find the names of chemicals in Russian and in English text, and how much of that ability crosses from
# one language to the other? {cite:t}`molodchenkov-crosslanguage` put a classifier on multilingual encoders and report
# F1 0.65 for mBERT and 0.68 for LaBSE, and 0.80 and 0.79 after {term}`continual pretraining` on chemical text. Of the
# encoders of one language or field, BioBERT has 0.65, ChemBERTa 0.39, BERT 0.14. This chapter builds the tagger and
# adds what the paper leaves out: intervals over seeds and documents, scores for each language and type, transfer from
# English to Russian without Russian labels, and a model without pretraining as the floor.
# [Chapter 3](03_continual_pretraining.ipynb) asks what continual pretraining adds, with the taggers of this chapter.

# %% tags=["parameters"]
profile: str = "small"
models: list = ["in-the-box", "mini", "bilstm-crf", "gazetteer"]
english: list = []
epochs: int = 2
tokens: int = 256
rate: float = 0.0005
head_rate: float = 0.01
layers: int = 0
nested: list = []
nested_epochs: int = 6
sentences: int = 800
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl import ner
from chemxl.evaluation import metrics
from chemxl.ner import chapter, scores, whole
from chemxl.results import chapters, figures, findings, records, show, tables

# %% [markdown]
# ## Data
#
# The `small` profile reads the [mini corpus](../book/running.md), which comes with the book: passages of four kinds
# (abstracts, patents, drug reviews, clinical notes), each in English and Russian, annotated for chemicals and drugs,
# diseases, genes and species. Its training part is expanded by swapping names; names that can be swapped are others in
# the test part than in training. On it [the encoder in the box](../book/box.md) is compared with `mini`, an encoder
# without pretraining, with the BiLSTM-CRF and with the gazetteer. The `real` profile reads BC5CDR
# {cite}`li-2016-bc5cdr` (English chemicals) and BioNNE-R {cite}`davydova-2024-bionne` (Russian and English abstracts,
# chemicals). Every document whose translation is tested on is removed from training.

# %%
settings = chapter.Settings.given(globals())
ways = chapter.ways(profile, sentences=sentences)
show.table(
    chapter.overview(ways),
    caption="Training and test sets",
    note="Flattening keeps the outermost of nested mentions; a mention that begins or ends inside a word cannot be found exactly.",
)

# %% [markdown]
# ## Method
#
# A text is cut into words that do not depend on any tokenizer: a run of letters, a run of digits, or one other sign,
# so that `COX-2/5-LOX` has seven. Each word is labelled `O`, `B-type` or `I-type` ({term}`BIO`). The encoder gives a
# vector $h_t$ at the first subword of word $t$, and a linear layer scores the labels
# {cite:p}`molodchenkov-crosslanguage,miftahutdinov-2020-interlingual`:
#
# $$p(y_t \mid x) = \operatorname{softmax}(W h_t + b)$$ (eq-softmax)
#
# {cite:t}`geng-2023-kbioxlm` put a {term}`conditional random field <CRF>` on top, which scores whole sequences with
# transitions $A$ between labels:
#
# $$\log p(y \mid x) = \sum_t e_{t, y_t} + \sum_t A_{y_{t-1}, y_t} - \log Z(x)$$ (eq-crf)
#
# Here $e_t = W h_t + b$, and $Z$ sums over all legal sequences, in which `I-x` follows only `B-x` or `I-x`. With
# {eq}`eq-softmax` the best legal sequence is searched in the same way, with $A = 0$. The floor is a BiLSTM-CRF over
# words and characters {cite:p}`ma-2016-bilstm`, which learns all of its embeddings. With word vectors it also reads
# Russian ones of navec, made from news ({py:mod}`chemxl.models.vectors`); table 2 of
# {cite:t}`miftahutdinov-2020-interlingual` has such a baseline. A {term}`gazetteer` learns nothing but the names that
# training annotates, and marks them as whole words, the longest first ({py:class}`chemxl.ner.gazetteer.Gazetteer`).
#
# Long documents are read in overlapping windows, and each word's label is taken from the window in which it has most
# context: nothing is cut off. The code is {py:mod}`chemxl.ner`, the training loop {py:mod}`chemxl.models.training`.

# %%
example = ways[0].tests[-1][1].load()[0]
show.table(chapter.labelled(example, first=14), caption="Words and labels of a Russian text")

# %% [markdown]
# ## Experiment
#
# An experiment is a value. {py:func}`chemxl.ner.chapter.lines` lists them, and each says everything that its result
# depends on; what has been computed before is read from the cache. All results are rows of one table: those of this
# build, the recorded ones, and the papers'.

# %% tags=["code"]
rows = tables.with_columns(chapters.results(chapter, settings), "table", "names", "depth", "error")
nested_rows = rows["table"].isin(["nested"])
flat = rows[~nested_rows]
built, recorded, reported = tables.parts(flat)

# %% [markdown]
# ## Result

# %%
note = "F1 of exact character spans, mean over seeds, with a 95 % interval over documents and seeds."
f1_rows = flat.query("metric == 'F1' and type.isna()")
show.tabs(
    {"Recorded": recorded, "This build": built},
    lambda found: show.table(
        tables.pivot(chapter.with_model(found[found.index.isin(f1_rows.index)]), ["model", "train"], "test"),
        caption="Tested on",
        note=note,
    ),
)

# %%
paper = reported.query("source == 'paper 0, table 1'")
show.table(tables.pivot(paper, "encoder", "pretraining"), caption="Paper 0, table 1: F1, scorer not named")

# %% [markdown]
# A row names the model and what it was trained on, a column what it was tested on. The paper's rows stand alone: its
# corpus is not published, so nothing can be compared with them. The `paper` profile runs the paper's encoders on our
# corpora; they come from the hub, and nobody has run it yet. The baselines of papers 1 and 3 are on the
# [scoreboard](10_scoreboard.ipynb).
#
# Is what is lost lost to the language, or to the corpus and its guideline? BioNNE-R annotates more kinds of substance
# than BC5CDR, and the two halves of its test are translations of each other. Trained on BC5CDR alone, the encoder has
# {glue:text}`english` on BC5CDR's own test, {glue:text}`plain_en` on BioNNE-R in English and {glue:text}`plain_ru` in
# Russian. With BioNNE-R's English training abstracts beside it, these two are {glue:text}`english_half` and
# {glue:text}`zero_shot`. Trained on Russian, it reaches {glue:text}`upper` in Russian, {glue:text}`reverse` on the
# English half and {glue:text}`reverse_bc5cdr` on BC5CDR. The amounts of training text differ, too: of BioNNE-R's
# training abstracts 717 are Russian and only 55 English.

# %%
real = chapter.with_model(recorded.query("metric == 'F1' and encoder in ('e5-small', 'none')"))
found = figures.bars(
    [
        figures.Bar(row.train, row.value, row.low, row.high, group=row.model)
        for row in real.query("test == 'BioNNE-R RU'").itertuples()
    ],
    xlabel="F1 on BioNNE-R, Russian test",
    interval="95 % interval over documents and seeds",
    caption="Recorded: chemicals in Russian abstracts, by what the model was trained on.",
    alt="Bars of recorded F1 on Russian abstracts for several models and three training sets; the numbers are in the table.",
)
show.glue("answer", found)
findings.glue(chapter.stem)

# %% [markdown]
# ### Are the differences more than chance?
#
# Models that were trained alike are compared on the same test documents, and so are the ways of training the encoder.
# A difference is clear if its interval, corrected by Holm's method over all of them, excludes zero
# ([how sure a number is](../book/running.md)). The encoder is better than a BiLSTM-CRF with word vectors, by
# {glue:text}`over_vectors_english` where both were trained and tested on BC5CDR, and by {glue:text}`over_vectors` where
# on Russian abstracts.

# %%
shown = {"Recorded": recorded, "This build": built}
note = "Difference of mean F1; interval and p are corrected by Holm's method over the whole table."
show.tabs(
    shown,
    lambda found: [
        show.folded(
            f"Tested on {test}",
            show.table(tables.differences(group, ["encoder", "method", "train"]), caption=f"On {test}", note=note),
        )
        for test, group in found.query("metric == 'difference of F1'").groupby("test", sort=False)
    ],
)

# %% [markdown]
# ### What is found?
#
# Is a name found because training has it? Recall of mentions whose name the training text has with their type, and of
# all others:

# %%
show.tabs(
    shown,
    lambda found: [
        show.table(
            tables.pivot(group, ["model", "train"], "names"),
            caption=f"Recall on {test}, by whether training has the name",
        )
        for test, group in chapter.with_model(found.query("metric == 'R' and names.notna()")).groupby(
            "test", sort=False
        )
    ],
)

# %% [markdown]
# What kinds of error are left? A gold mention is missed, or overlapped by a prediction with another boundary or type;
# a prediction that overlaps no gold mention is spurious. For the first model:

# %%
show.tabs(shown, chapter.errors)

# %% [markdown]
# Two things are left out of these scores. Mentions inside others are not asked for: [below](mentions-inside-others)
# they are. And long texts are read in windows, though encoders are often given the first 512 subwords alone. The tables
# have F1 without what was found behind them (an estimate: the last words before the cut were read with what follows),
# and F1 against every gold mention, beside what a tagger without errors would have that finds outermost mentions alone.

# %%
besides = {"F1": "F1", scores.CUT: "cut at 512 subwords", scores.EVERY: "every gold mention"}
most = f"{whole.ALONE}: F1"
show.tabs(
    shown,
    lambda found: [
        show.folded(
            f"Tested on {test}",
            show.table(
                tables.pivot(
                    chapter.with_model(group[group.metric.isin(besides)].assign(score=group.metric.map(besides))),
                    ["model", "train"],
                    "score",
                ),
                caption=f"F1 on {test}, counted in other ways",
                note=f"Outermost mentions alone, without errors: {group[group.metric == most].value.max():.3f} of every "
                "gold mention.",
            ),
        )
        for test, group in found[found.type.isna()].groupby("test", sort=False)
    ],
)

# %% [markdown]
# ### In this build
#
# In this section: what this build trained, in the `small` profile on the mini corpus. Precision and recall by type say
# more than one F1. The table has them for the first model, for each training set, tested on
# {glue:text}`test_language`.

# %%
first, test_name = models[0], ways[0].tests[-1][0]
keys = chapter.named(first)
chosen = built.query("encoder == @keys['encoder'] and method == @keys['method'] and test == @test_name")
chosen = chosen[chosen.metric.isin(metrics.SCORES) & chosen.names.isna()].fillna({"type": metrics.MICRO})
cells = tables.pivot(chosen, ["train", "type"], "metric")
show.table(cells, caption=f"{first} on {test_name}, by type", note=f"Scorer: {chosen.scorer.iloc[0]}, and by type.")

# %%
show.glue("test_language", test_name)
figures.bars(
    [
        figures.Bar(row.type, row.value, row.low, row.high, group=f"trained on {row.train}")
        for row in chosen.query("metric == 'F1' and type != 'micro'").sort_values("type").itertuples()
    ],
    xlabel="F1, exact character spans",
    interval="95 % interval over documents and seeds",
    alt=f"Bars of F1 by entity type for {first} trained on each corpus and tested on {test_name}; numbers in the table above.",
)

# %% [markdown]
# How quickly do the models learn?

# %%
figures.curves(
    [
        figures.Curve(*chapter.loss_curve(model, chapter.evaluations(settings, model, ways[-1], ways[-1].tests[-1][1])))
        for model in models
        if model != chapter.GAZETTEER and settings.learns(model, ways[-1])
    ],
    xlabel="epoch",
    ylabel="training loss per word (nats)",
    alt=f"Training loss against epochs for each model trained on {ways[-1].name}: all fall, at different speeds.",
)

# %% [markdown]
# Predictions against the gold annotation in the text itself, for the model trained on the last set listed above.
# Texts of real corpora may not be shown, so the `real` profile shows none.

# %%
way = ways[-1]
texts, found = chapter.evaluations(settings, first, way, way.tests[-1][1])[0].outcome()
shown = chapter.telling(texts, found, publishable=profile == "small")
display(*[show.entities(d, m, gold=ner.gold([d])[0].mentions) for d, m in shown])

# %% [markdown]
# (mentions-inside-others)=
# ### Mentions inside mentions
#
# In «рак молочной железы» (breast cancer) the disease contains a part of the body, and BioNNE annotates both. One
# layer of labels can hold only one of them: the rule that keeps the outermost mention loses a third of BioNNE's
# Russian chemicals. A span head scores every pair of a first word $i$ and a last word $j$ for every type, so that
# mentions may lie inside each other ({py:mod}`chemxl.models.spans`; an efficient global pointer,
# {cite:t}`su-2022-global-pointer`). With $q_i$ and $k_j$ computed from the words' vectors, and $R_i$ a rotation by a
# word's position:
#
# $$s(i, j) = \frac{(R_i q_i)^\top (R_j k_j)}{\sqrt{d}} + v^\top [q_i; k_i] + w^\top [q_j; k_j]$$ (eq-spans)
#
# A mention is found where $s > 0$. The evaluation is that of the BioNNE 2024 shared task: every gold mention of eight
# types counts, and F1 is averaged over the types. The task's test abstracts are the ones here, except for one English
# abstract that is missing. The task's gold was never published, so about one mention in a hundred may differ. The
# mini corpus has no nested mentions, so the `small` profile has nothing to show here.
#
# Recorded are six layers of e5-small, trained on BioNNE-R's training abstracts in both languages for four epochs, with
# three seeds. Softmax learns the outermost mentions, the span head all of them. Over all mentions the span head has an
# F1 of {glue:text}`spans_ru` in Russian and {glue:text}`spans_en` in English, softmax {glue:text}`layer_ru` and
# {glue:text}`layer_en`; the differences are {glue:text}`spans_gain` and {glue:text}`spans_gain_en`. Softmax does not
# catch up: in Russian, trained for eight epochs (one seed), it changes by {glue:text}`layer_longer`.
#
# The span head does gain from eight epochs (one seed), in Russian by {glue:text}`spans_longer`, to
# {glue:text}`longer_ru`. After four it finds fewer outermost mentions than softmax, a share of
# {glue:text}`outside_spans` against {glue:text}`outside_layer`, and no injuries at all; after eight F1 on injuries is
# {glue:text}`rare_spans`. So macro F1, the shared task's score, rises from {glue:text}`spans_macro` to
# {glue:text}`longer_macro` in Russian, and to {glue:text}`longer_macro_en` in English. Participants with larger
# encoders report more.
#
# For Russian chemicals the span head reaches {glue:text}`spans_chem` after four epochs. A tagger without errors that
# finds only outermost chemicals would have {glue:text}`layer_chem_most`. Where training has a mention's name with its
# type, the span head finds a share of {glue:text}`spans_known`, of new names {glue:text}`spans_new`.

# %%
nests = rows[nested_rows]
ours, theirs = nests.query("source == 'recorded'"), nests.query("source == 'BioNNE 2024, participants'")
note = (
    "Exact spans of every gold mention, eight types; mean over three seeds, twice as long: one. 95 % interval over "
    "documents and seeds."
)
all_types = ours.query("type.isna() and names.isna() and depth.isna()")
show.table(
    tables.pivot(all_types[all_types.metric.isin(["macro F1", "F1", "P", "R"])], ["test", "method"], "metric"),
    caption="Recorded: every gold mention",
    note=note,
)

# %%
cells = tables.pivot(theirs, ["test", "method", "encoder"], "metric", cell=tables.number)
show.table(cells, caption="What participants of BioNNE 2024 report on the same task", digits=4)

# %% [markdown]
# What would a tagger score that finds all outermost mentions and no others? Over all types these are the outermost
# mentions of any type, for chemicals the outermost chemicals.

# %%
most = ours[ours.metric.str.startswith("outermost alone") & (ours.method == "softmax")].fillna({"type": "all"})
cells = tables.pivot(most, ["test", "type"], "metric", cell=tables.number)
show.table(cells, caption="Outermost mentions alone, without errors", digits=3)

# %% [markdown]
# Which mentions are found? Softmax misses those inside others, so its recall of names that training has says little:
# short names are known more often, and stand inside longer ones.

# %%
parts = ours.query("metric == 'R' and (names.notna() or depth.notna())")
parts = parts.assign(mentions=parts.depth.fillna(parts.names))
show.table(
    tables.pivot(parts, ["test", "method"], "mentions"),
    caption="Recall by depth, and by whether training has the name with its type",
    note=note,
)

# %%
types = ours.query("metric == 'F1' and type.notna()")
show.folded(
    "F1 of each type",
    show.table(
        tables.pivot(types, ["test", "type"], "method"), caption="F1 of each type, every gold mention", note=note
    ),
)

# %%
show.table(
    tables.differences(ours, ["test", "method"]),
    caption="Differences between heads and lengths of training",
    note="Difference of mean F1 over all mentions; interval and p are corrected by Holm's method over the table.",
)

# %% [markdown]
# ## Limits
#
# - The paper trains mBERT and LaBSE on its own corpus of 2,000 English and 1,500 Russian texts, which is not
#   published. BC5CDR and BioNNE-R take its place. Neither values nor differences can be compared with the paper's;
#   rows of one table here can be compared with each other. The paper's table 1 prints "without" in both rows of
#   LaBSE; the second is read as "with".
# - The recorded rows use the first six layers of a multilingual E5 of 384 dimensions, restored from a 4-bit file and
#   cut to 59,432 subwords: far smaller than mBERT. Expect larger encoders to score higher.
# - The recorded encoders train for four epochs with dropout in the head alone, BiLSTMs for ten. These settings come
#   from runs on development data with one seed; nothing was tuned on a test set. Trainings twice as long are recorded
#   for mentions inside mentions alone. Abstracts are read whole, or in windows if they are longer than the encoder's
#   512 subwords. In this chapter no CRF on an encoder was recorded on real text.
# - BC5CDR and BioNNE-R mean different things by "chemical": BioNNE-R annotates water, oxygen and whole classes that
#   BC5CDR leaves out, and nests mentions. This is part of what looks like a loss from English to Russian.
# - Flattening makes the Russian task easier than the full one: mentions inside others are scored only in the section
#   on them. There the settings are those of the other taggers: nothing was chosen for the span head, and trainings twice
#   as long have one seed.
# - BioNNE-R's annotations whose span does not match the text are left out (1 % of the entities), so test counts are
#   slightly below the published ones.
# - Paper 0 cuts sentences at 512 "characters", by which subwords may be meant; here windows overlap, and no mention
#   is lost to length. What cutting would cost is in a table above.
# - {cite:t}`miftahutdinov-2020-interlingual` give their LSTM-CRF word2vec vectors of each language. The BiLSTM-CRF here
#   is smaller, and its pretrained vectors are Russian (English ones come in no package): a floor, not an exact copy.
#
# ## Exercises
#
# ```{exercise}
# :label: ex-crf
# Add `in-the-box+crf` to `models`, and compare it with `in-the-box`, trained on English, tested on English and on
# Russian. Does a CRF help more within a language or across? Look at the rows of the table, and at the differences
# below it.
# ```
#
# ```{solution} ex-crf
# :class: dropdown
# Change the cell of the parameters and run the notebook again: only the new model is trained. Transitions between
# labels do not depend on the language, so the gain should be similar in both. Across languages it is the scores of
# single words that are weak, and these the CRF does not change. Look at the paired tests before you believe a
# difference.
# ```
#
# ```{exercise}
# :label: ex-boundary
# Score one run leniently: count a prediction as right if it overlaps a gold mention of its type. What share of the
# errors are errors of the boundary alone? Start from `chapter.evaluations(...)[0].outcome()` and
# {py:func}`chemxl.evaluation.metrics.errors`.
# ```
#
# ## Provenance
#
# The recorded numbers as files: {download}`rows <../book/recorded/04_ner.csv>`,
# {download}`configurations <../book/recorded/04_ner.configs.json>`, and of the taggers' flat scores
# {download}`counts by document <../book/recorded/04_ner.counts.npz>`, from which they can be computed again.

# %%
tables.provenance(rows, records.read(chapter.stem))
