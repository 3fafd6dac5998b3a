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
# # 3. Continual pretraining
#
# ## Answer
#
# - Reading two million tokens of the field ({term}`continual pretraining`, дообучение на текстах предметной области
#   без разметки) by guessing hidden words ({term}`MLM <masked language modelling>`) makes Russian abstracts easier to
#   predict: {term}`perplexity` falls from {glue:text}`before_ru` to {glue:text}`mlm_ru`. A part of this is due to the
#   new head, which goes on learning.
# - Three runs of a shorter training show that this is more than chance. The mean surprisal after MLM, less that
#   before, in nats, is {glue:text}`step_mlm`; again a part is due to the head. Continuing with sentence pairs
#   ({term}`TLM`), as the paper does, raises it again: {glue:text}`step_then`. Most pairs here are general text.
# - Zero-shot F1 on Russian chemicals is {glue:text}`as_it_was_zero` before and {glue:text}`mlm_zero` after MLM; with
#   Russian labels F1 is {glue:text}`as_it_was_russian` and {glue:text}`mlm_russian`. The intervals overlap, each
#   encoder was pretrained once, and no paired test is recorded yet: this is a hint at most.
# - An encoder that has read English alone gains from Russian subwords and text: zero-shot F1 goes from
#   {glue:text}`minilm_zero` to {glue:text}`minilm_new_zero`.
#
# ```{glue} answer
# ```
#
# ## Claims
#
# The papers' claims, judged by what was recorded on real text. [All claims](11_claims.ipynb) of all papers.

# %%
from chemxl.results import claims

claims.table("03_continual_pretraining")

# %% [markdown]
# ## Question
#
# {cite:t}`molodchenkov-crosslanguage` pretrain mBERT and LaBSE further on Russian and English chemical texts before
# they fine-tune them to find names, and report that F1 rises from 0.65 to 0.80 for mBERT and from 0.68 to 0.79 for
# LaBSE. How much does an encoder gain here, in which language, and from which objective?
#
# - {term}`MLM <masked language modelling>`: hidden words alone.
# - {term}`NSP <next sentence prediction>`: also the question whether one passage follows another.
# - {term}`TLM`: hidden words in a sentence and its translation side by side.
#
# This chapter adds controls: no text that is tested on is read, each objective reads the same number of tokens, true
# translations are compared with shuffled ones, numbers have intervals, and what this build trains is compared in
# paired tests.

# %% tags=["parameters"]
profile: str = "small"
stages: list = ["in-the-box+head", "in-the-box+mlm", "in-the-box+mlm+tlm"]
layers: int = 0
amount: int = 0
runs: list = [0, 1, 2]
ablated: str = "mini"
ablated_layers: int = 0
ablated_amount: int = 0
ablated_runs: list = [0, 1, 2]
objectives: list = ["mlm", "mlm+nsp", "mlm+tlm", "mlm+shuffled", "mlm, twice as long", "mlm, then tlm"]
models: list = ["in-the-box", "in-the-box+mlm+tlm"]
epochs: int = 2
tokens: int = 256
rate: float = 0.0005
head_rate: float = 0.01
sentences: int = 800
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl.ner import chapter as ner
from chemxl.pretrain import cards, chapter, tasks
from chemxl.results import chapters, figures, findings, records, show, tables
from chemxl.results.rows import frame

# %% [markdown]
# ## Data
#
# The text needs no labels, but it must not be text that models are chosen or tested on. A document is left out if it
# has the id of such a document, is its translation, or shares its words ({py:func}`chemxl.pretrain.text.gather`,
# [chapter 1](01_data_collection.ipynb)). The `real` profile reads English abstracts and drug reviews, and Russian
# abstracts, papers and patients' complaints. For TLM it reads sentence pairs of TICO-19
# {cite}`anastasopoulos-2020-tico` and of WMT's test sets of general text, abstracts of BioNNE-R aligned by chapter
# 1's method, and pairs of names of drugs and chemicals. The `small` profile reads the mini corpus.

# %%
settings = chapter.Settings.given(globals())
first = chapter.runs(settings, stages[0])[0]
show.table(
    cards.texts(first),
    caption="Text without labels",
    note="Left out: what is tested on, in any language, and copies of texts in the rows above.",
)

# %%
show.table(cards.pairs(first), caption="Sentence pairs, and pairs of names")

# %% [markdown]
# ## Method
#
# In a text $W = w_1 \dots w_n$ some {term}`subwords <subword>` are hidden, which gives $\hat W$. The encoder with
# parameters $\theta$ maximises the log-likelihood of the hidden ones
# {cite:p}`devlin-2019-bert,molodchenkov-crosslanguage`:
#
# $$\sum_i \log P(w_i \mid \hat W, \theta)$$ (eq-mlm)
#
# where $i$ runs over the hidden subwords. Each time a text is read, 15 % of its subwords are chosen anew; of these
# 80 % become `[MASK]`, 10 % another subword, and 10 % stay.

# %%
example = cards.hidden(first, chapter.EXAMPLE, seed=3)
show.table(example, caption="A Russian sentence as the encoder reads it, and what it has to predict")

# %% [markdown]
# **Where logits are needed.** With $h_i$ the encoder's vector, $T$ the head's transform, $E$ the embedding table of
# the subwords (input and output are tied) and $b$ a bias, $P(w_i = v) \propto \exp(E_v \cdot T(h_i) + b_v)$. The sum
# over all subwords $v$ costs more than the encoder itself: mBERT has 119,547. But equation {eq}`eq-mlm` needs logits
# only at hidden places, one in seven, and the texts of one field never use most subwords.
# {py:class}`chemxl.pretrain.model.MaskedLanguageModel` computes just the logits that are needed. It equals the whole
# model in which the bias of every other subword is minus infinity: loss and gradients are tested against
# `BertForMaskedLM` of transformers {cite}`wolf-2020-transformers` to $10^{-5}$. Texts are packed into full blocks, so
# that no padding is computed. Several GPUs share each batch ([running](../book/running.md)).
#
# **NSP.** The encoder reads two passages; in half of the cases the second follows the first, otherwise it comes from
# another text. The paper gives NSP less weight: others found that leaving it out changes little and saves time. Here
# it is an ablation.
#
# **TLM** {cite}`lample-2019-xlm`. A sentence and its translation are read together, in either order. Positions start
# again at the second, segment embeddings mark the language, and a word that is hidden in one language can be read in
# the other.
#
# If an encoder comes without a language-model head, as E5 {cite}`wang-2024-e5` does, it gets a fresh one. This head
# is trained first, alone, with the encoder frozen (the stage `head`), so that the perplexities before and after can
# be compared. The code is {py:mod}`chemxl.pretrain.experiments`.
#
# {term}`Vocabulary transfer` {cite}`gee-2022-vocabulary` makes an English encoder read Russian:
# {py:func}`chemxl.pretrain.vocabulary.extend` learns subwords from the Russian texts and starts the embedding of each
# as the average of those of the old subwords that it stands for (stages with `new-` in their names).

# %% [markdown]
# ## Experiment
#
# Each stage is a value that holds the stage before it; `FineTune` of chapter 4 takes a stage as its encoder.

# %% tags=["code"]
rows = tables.with_columns(chapters.results(chapter, settings), "type", "names", "error")
taggers = rows[rows["table"] == chapter.ENTITIES]
built, recorded, reported = tables.parts(rows)
shown = {"Recorded": recorded, "This build": built}

# %% [markdown]
# ## Result
#
# ### Perplexity
#
# The {term}`perplexity` is $\exp$ of the mean surprisal of the hidden subwords, on texts that were not trained on. It
# falls while the encoder reads:

# %%
probes = list(tasks.probes(profile).items())
figures.curves(
    [
        figures.Curve(f"{name.partition('+')[2]}, {label}", *cards.followed(chapter.runs(settings, name), text.label))
        for name in stages[1:3]
        for label, text in probes[:2]
    ],
    xlabel="tokens read (thousands)",
    ylabel="perplexity of held-out text",
    logarithmic=True,
    alt="Perplexity on a logarithmic scale against tokens read, for two objectives and two languages: all fall, fast at first.",
)

# %%
note = (
    "Mean over pretraining runs; 95 % interval over documents and runs. A recorded row is one run, whose interval covers "
    "documents alone. Lower is better."
)
show.tabs(
    shown,
    lambda found: show.table(
        tables.pivot(found.query("table.isna()"), "encoder", "text"), caption="Perplexity before and after", note=note
    ),
)

# %% [markdown]
# Compare only rows of one encoder and one text: the paper's perplexities, in the table below, are those of its own
# texts, models and subwords. Each text is read up to a fixed number of subwords, fewer for the curve than for the
# table. "Before" is the row `head`: the encoder as it was, under a fresh head that was trained on text alone.
#
# Recorded, the perplexity of Russian abstracts falls from {glue:text}`before_ru` to {glue:text}`mlm_ru` with MLM and
# to {glue:text}`tlm_ru` with MLM and TLM; that of general Russian text falls from {glue:text}`before_general` to
# {glue:text}`mlm_general` and {glue:text}`tlm_general`. These numbers cannot show what is forgotten, since the head
# was fresh and goes on learning. General text gets easier, too, and most with TLM: its pairs come mostly from another
# part of the same test sets of general text.

# %%
show.table(
    tables.pivot(reported, "encoder", "when"),
    caption="Paper 0, section IV: perplexity",
    note="The first values are those of MLM; the last come after several changes together. The paper gives losses of 0.73 and 1.06 beside the "
    "first, but the logarithms of the perplexities are 1.03 and 1.36: text or measure must differ.",
)

# %% [markdown]
# ### Objectives, and less text
#
# Does {term}`NSP <next sentence prediction>` help, does {term}`TLM`, and is it the translation that helps? All rows
# but `head` continue from that head. They read the same number of tokens, but for two that read twice as many: MLM
# for twice as long, and MLM with TLM after it, which is the paper's order. In the rows called `shuffled` each
# sentence stands beside the translation of another. The last rows read only a part of the text, again and again. NSP
# and less text run in this build only.
#
# Recorded, with six layers and three runs each, the perplexity of Russian abstracts is {glue:text}`short_head` under
# the head alone and {glue:text}`short_mlm` with MLM; it is {glue:text}`short_twice` after MLM for twice as long, but
# {glue:text}`short_then` after MLM and then TLM. Where half of what is read are sentence pairs it is
# {glue:text}`short_mixed`, and {glue:text}`short_shuffled` where these are shuffled.

# %%
shorter = {title: found[found["table"] == chapter.SHORTER] for title, found in shown.items()}
show.tabs(
    shorter,
    lambda found: show.table(
        tables.pivot(found.query("metric == 'perplexity'"), ["encoder", "objective", "share"], "text"),
        caption=f"Perplexity {chapter.SHORTER}",
        note="Mean over pretraining runs; 95 % interval over documents and runs. Lower is better.",
    ),
)

# %% [markdown]
# Which differences are more than chance? The table has differences of the mean surprisal, which is the logarithm of
# the perplexity: below zero the first objective is the better one. Recorded, on English and Russian abstracts:
#
# - **MLM** less the head alone: {glue:text}`step_mlm`.
# - **TLM after MLM**, less MLM: {glue:text}`step_then`; less MLM for twice as long: {glue:text}`step_then_twice`.
#   After these sentence pairs the abstracts are harder to predict again.
# - **MLM and TLM mixed**, less MLM: {glue:text}`step_mixed_en` on English abstracts, which are harder to predict
#   here, too; {glue:text}`step_mixed_ru` on Russian ones, which is undecided.
# - **True translations** less shuffled ones: {glue:text}`step_shuffled`, no clear difference. So what the pairs
#   change need not be due to the translation. Most of them are general text and names: the text may be to blame and
#   not the objective.

# %%
show.tabs(
    shorter,
    lambda found: show.table(
        tables.differences(found, ["objective", "text"], metric=chapter.DIFFERENCE),
        caption="Objectives compared, on the same hidden subwords",
        note="Difference of the mean surprisal in nats; interval and p are corrected by Holm's method over the table.",
    ),
)

# %% [markdown]
# How much text is enough? Each point reads the same number of tokens, drawn from a smaller or larger part of the
# text. This build only:

# %%
figures.curves(
    [
        figures.Curve.of(label, {100 * row.share: (row.value, row.low, row.high) for row in found.itertuples()})
        for label, found in built.query("objective == 'mlm' and encoder == @ablated and metric == 'perplexity'")
        .sort_values("share")
        .groupby("text")
    ],
    xlabel="share of the text that was read (%)",
    ylabel="perplexity of held-out text",
    logarithmic=True,
    alt="Perplexity of held-out text against the share of the text that was read, for two languages; less text is worse.",
)

# %% [markdown]
# ### Entities
#
# What is continual pretraining worth for finding entities? The taggers of [chapter 4](04_ner.ipynb), trained as long as
# there, on the encoder as it was and after the stages above. Recorded taggers here keep all twelve layers of the
# encoder, in chapter 4 only six, so that F1 differs between the chapters.

# %%
new, chosen, _ = tables.parts(taggers.query("metric == 'F1' and type.isna()"))
note = "F1 of exact character spans, mean over seeds, with a 95 % interval over documents and seeds."
paper = frame(records.papers(ner.stem)).query("source == 'paper 0, table 1'")
cells = tables.pivot(paper, "encoder", "pretraining")
display(
    show.tabs(
        {"Recorded": chosen, "This build": new},
        lambda found: show.table(
            tables.pivot(ner.with_model(found), ["model", "train"], "test"), caption="Tested on", note=note
        ),
    ),
    show.table(cells, caption="Paper 0, table 1: F1, scorer not named"),
)

# %%
found = figures.bars(
    [
        figures.Bar(
            label,
            *tables.bar(
                chosen.query("encoder == @encoder and method == 'softmax' and train == @train and test == @test")
            ),
            group=group,
        )
        for label, (train, test) in chapter.TAGGED.items()
        for group, encoder in chapter.COMPARED.items()
    ],
    xlabel="F1, exact character spans",
    interval="95 % interval over documents and seeds",
    caption="Recorded: chemicals, with and without continual pretraining.",
    alt="Bars of recorded F1 for an encoder as it was, after MLM, and after MLM and TLM; the numbers are in the table.",
)
show.glue("answer", found)
findings.glue(chapter.stem)

# %% [markdown]
# Recorded F1, each time for the encoder as it was, after MLM, and after MLM and TLM:
#
# - **Zero-shot on Russian abstracts**: {glue:text}`as_it_was_zero`, {glue:text}`mlm_zero` and {glue:text}`tlm_zero`.
# - **On English BC5CDR**: {glue:text}`as_it_was_english`, {glue:text}`mlm_english` and {glue:text}`tlm_english`.
# - **With Russian labels** (trained and tested on BioNNE-R's Russian part): {glue:text}`as_it_was_russian`,
#   {glue:text}`mlm_russian` and {glue:text}`tlm_russian`.
#
# So after MLM F1 is higher where Russian labels are missing, and a little lower with labels of the test's own kind.
# But the intervals overlap, each stage was pretrained once, and no paired test was recorded: this is a hint at most.
# The paper gains 0.15 and 0.11 with labels of the test's own kind, where no gain is seen here. Its encoders may have
# read more text of the field; and it does not say whether its test texts were left out of pretraining, as they are
# here. Half of what the TLM stage reads are sentence pairs, most of them of general text.
#
# A harder case is MiniLM, which has read English alone. Trained on English chemicals it finds Russian ones with an F1
# of {glue:text}`minilm_zero`. After adding 8,000 Russian subwords and reading two million tokens with MLM and TLM, F1
# is {glue:text}`minilm_new_zero`; on English BC5CDR it goes from {glue:text}`minilm_english` to
# {glue:text}`minilm_new_english`. The new subwords and the reading were not tried separately.

# %% [markdown]
# Which differences are more than chance? Recorded taggers have no paired test yet; this build has.

# %%
show.table(
    tables.differences(taggers[taggers.source == "this build"], ["encoder", "train", "test"]),
    caption="This build: differences between rows with the same test set",
    note="Difference of mean F1; interval and p are corrected by Holm's method over the table.",
)

# %% [markdown]
# ## Limits
#
# - The paper's texts (2,000 English and 1,500 Russian ones, patents among them, over six million words in English)
#   are not published. Those of the `real` profile hold far fewer words, and other kinds of text beside abstracts; the
#   section *Data* names them.
# - The paper's table 1 prints "without" in both rows of LaBSE; the second is read here as "with". The paper does not
#   say which objective "with" stands for.
# - TLM is limited by data: about a third of the sentence pairs are medical, and the pairs are read more than once.
# - The recorded encoder is a small E5, which was made for comparing sentences and comes without a language-model
#   head. That its perplexities are far from the paper's 2.8 says more about this than about the objectives.
# - Each recorded stage was pretrained once, except in the comparison of objectives. Intervals of F1 cover documents
#   and seeds of the fine-tuning, not of the pretraining.
# - Perplexity is over the subwords that the chapter's texts use, special tokens included, not over the whole
#   vocabulary. Subwords that no text uses would get almost no probability, and the rows of one encoder share their
#   subwords.
# - In the recorded stage `head` only the new head has learnt, on a seventh of the tokens that the MLM stage reads. What
#   falls after it is due to the encoder and to further training of the head together.
# - Dropout is off. The learning rate was not tuned on any score.
#
# ## Exercises
#
# ```{exercise}
# :label: ex-whole-words
# Hide whole words instead of subwords (`Reading(whole_words=True)`). The perplexity rises. Why is that no sign of a
# worse model, and which number would tell?
# ```
#
# ```{solution} ex-whole-words
# :class: dropdown
# A subword is easier to guess if its neighbours in the same word can be read. Hiding whole words makes the task
# harder, so perplexities of the two kinds of hiding cannot be compared. Measure both models with the same hiding, as
# {py:class}`chemxl.pretrain.experiments.Perplexity` does, or compare F1 after fine-tuning.
# ```
#
# ```{exercise}
# :label: ex-two-stages
# The paper trains with MLM first and then with TLM (`OBJECTIVES` in {py:mod}`chemxl.pretrain.chapter`). Add the other
# order, and MLM after a mixture of both. Which way has the lowest mean surprisal after the same number of tokens?
# ```
#
# ## Provenance
#
# The recorded numbers as files: {download}`rows <../book/recorded/03_continual_pretraining.csv>` and
# {download}`configurations <../book/recorded/03_continual_pretraining.configs.json>`.

# %%
tables.provenance(rows, records.read(chapter.stem))
