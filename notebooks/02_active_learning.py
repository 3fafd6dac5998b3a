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
# # 2. Active learning
#
# ```{admonition} Key takeaways
# :class: tip
# - In {term}`active learning` (активное обучение) the model says which sentences a person should annotate next. What is
#   saved is annotation, so it is measured against sentences drawn at random, with the same model and the same budget.
# - The {term}`Mahalanobis distance` (расстояние Махаланобиса) needs no probability: a word is hard if it lies far from
#   every class. It is one Cholesky factorisation and one triangular system, not a loop over words.
# - How the uncertainties of words become that of a sentence decides how long the chosen sentences are. A method that
#   chooses longer sentences looks good per sentence, and may be no better per word.
# ```
#
# ## Question
#
# {cite:t}`molodchenkov-crosslanguage` had experts annotate more than two thousand English and fifteen hundred Russian
# texts in {term}`brat`, and let the model choose: the examples that are hardest for it are annotated next, and it is
# trained again. Hard means far from the centroids of all classes, by the Mahalanobis distance on a spectrally normalised
# network. The paper gives the method and no number: neither how much annotation it saved, nor whether chance or
# a simpler measure would have saved as much. This chapter asks both, and whether {term}`spectral normalisation`
# (спектральная нормализация) is what makes the distance work.

# %% tags=["parameters"]
profile: str = "small"
encoder: str = "mini"
methods: list = ["random", "entropy", "mahalanobis", "mahalanobis+always"]
rounds: int = 3
budget: int = 30
readings: int = 500
sentences: int = 300
epochs: int = 3
rate: float = 0.001
head_rate: float = 0.002
tokens: int = 512
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl import figures, recording, records, show
from chemxl.active import chapter, curves
from chemxl.grid import run_all

# %% [markdown]
# ## Data
#
# A *pool* (пул неразмеченных текстов) of sentences is there without labels; whoever annotates is asked for some of them
# in each round. Here the annotator is simulated: what was asked for gets the corpus's own annotation, and, if one wants,
# a share of mistakes ({py:class}`chemxl.active.oracle.Annotated`). The `real` profile has chemicals in BC5CDR
# {cite}`li-2016-bc5cdr` and in the Russian abstracts of BioNNE-R {cite}`davydova-2024-bionne`, the `small` one the mini
# corpus in Russian, expanded by swapping names. Whatever is tested on, or is a translation or copy of it, is in no pool.

# %%
tasks = chapter.tasks(profile, sentences=sentences)
show.table(
    chapter.overview(tasks),
    caption="What is chosen from and tested on",
    note="The pool has each sentence once. The test set is read as whole documents.",
    digits=1,
)

# %% [markdown]
# A round, as a person would see it in brat: sentences with the model's mentions, to be corrected. Below are the first
# sentences that the simulated annotator gives back. Others' corpora may not be shown here; with the real ones nothing is.

# %%
display(*[show.entities(unit) for unit in chapter.examples(tasks[0], publishable=profile == "small")])

# %% [markdown]
# ## Method
#
# The loop of the paper's second figure has two halves. One *annotates*: brat receives texts with what the model found,
# a person corrects them, and pairs of text and annotation come back. The other *fine-tunes*: it takes new texts out of
# the pool, has them annotated, trains the model again, chooses the next, and is evaluated.
#
# **Uncertainty by distance.** Let $h_i$ be the hidden representation (скрытое представление) of word $i$, $\mu_c$ the
# centroid (центроид) of class $c$, a label of {term}`BIO`, and $\Sigma$ the covariance matrix of all classes together,
# from the words annotated so far. The distance to a class is
#
# $$\mu_{MD} = (h_i - \mu_c)^{\mathsf T}\, \Sigma^{-1} (h_i - \mu_c)$$ (eq-mahalanobis)
#
# and the uncertainty that of the nearest class {cite:p}`lee-2018-simple`. The inverse is never formed: with the
# factorisation of Cholesky, $\Sigma = L L^{\mathsf T}$, all words and centroids are multiplied by $L^{-1}$ by solving a
# triangular system, and what is left is the squared Euclidean distance. After a few rounds there are hardly more words
# than dimensions; $\Sigma$ is therefore shrunk towards a multiple of the identity {cite:p}`chen-2010-oas`
# ({py:mod}`chemxl.active.uncertainty`).
#
# **On a normalised layer.** A network may fold what is unfamiliar onto what it knows, and distances then say nothing. The
# paper bounds how far its classification head can stretch or squeeze. With the {term}`spectral norm` (спектральная норма)
# of a layer's weights,
#
# $$v = \lVert W \rVert_2$$ (eq-norm)
#
# estimated by power iteration (степенной метод) at each training step {cite:p}`miyato-2018-spectral`, the weights and the hidden
# representation become
#
# $$\tilde W = \frac{W}{v}$$ (eq-normalised)
#
# $$\tilde h(x) = \tilde W x + b$$ (eq-hidden)
#
# The vectors of the iteration are kept from step to step, so that a few steps follow the weights as they change:

# %%
show.table(
    chapter.worked(seed=0),
    caption="Spectral norm of a random 64 by 64 matrix, by power iteration from nothing and by torch",
    digits=4,
)

# %% [markdown]
# The head has two layers, as in the code that the paper's group published {cite:p}`vazhentsev-2022-uncertainty`: a
# normalised one, after whose nonlinearity the distances are computed, and the one that gives scores. `+always` in a method's name
# divides by $v$ at every step, as the paper says; `+bound` only where $v$ is above a bound, as that code does; `+none` is
# the same head without normalisation; and a name without any has one layer and the encoder's own output in its place.
#
# **Other uncertainties.** `probability` is one less the probability of the assigned class, which the paper names, too, as
# it does the distance to the assigned class's centroid (`centroid`); `margin` {cite:p}`scheffer-2001-margin`, `entropy`
# {cite:p}`settles-2008-sequence`, `mnlp`, the mean of the words' surprisals {cite:p}`shen-2018-deep`, and `bald`, what dropout
# disagrees on {cite:p}`gal-2017-deep`, are the ones that others use. `badge`
# {cite:p}`ash-2020-badge` and `core-set` {cite:p}`sener-2018-coreset` choose sentences that also differ from each other.
# All are behind one call, {py:func}`chemxl.active.strategies.query`.
#
# **From words to a sentence.** An uncertainty is one of words; a person is given sentences. Methods take the *mean*
# over words unless `+max`, `+sum` or `+entity` says otherwise; the last is the mean over words that the model holds to be part of a
# mention. The choice is not innocent, as the last figure shows.
#
# ## Experiment
#
# All methods begin with the same random sentences of a seed, and every model is trained from the same beginning. Each
# training reads as many sentences, however few are annotated: those come again, or the first rounds would compare how
# little is learnt in a few steps {cite:p}`mosbach-2021-stability`.

# %%
training = {"readings": readings, "epochs": epochs, "rate": rate, "head_rate": head_rate, "tokens": tokens}
loops = chapter.Loops(encoder=encoder, rounds=rounds, budget=budget, **training)
lines = {task: loops.lines(task, methods, seeds=seeds) for task in tasks}
wholes = {task: loops.wholes(task, methods, seeds=seeds) for task in tasks}
for rows in (*lines.values(), *wholes.values()):
    for values in rows.values():
        run_all(values)

# %% [markdown]
# ## Result
#
# ### Learning curves

# %%
for task in tasks:
    for family, group in curves.families(lines[task]).items():
        display(
            figures.curves(
                curves.drawn(group),
                xlabel="annotated sentences",
                ylabel=f"F1 on {task.name}",
                limits=(0, 1),
                alt=f"F1 on {task.name} against the number of annotated sentences, a line a method, from one beginning.",
                caption=f"Methods: {family}." if family else "",
            )
        )

# %% [markdown]
# A person reads words, and not sentences. The same rounds, by the number of words that were annotated:

# %%
for task in tasks:
    for family, group in curves.families(lines[task]).items():
        display(
            figures.curves(
                curves.drawn(group, words=True),
                xlabel="annotated words (mean over seeds)",
                ylabel=f"F1 on {task.name}",
                limits=(0, 1),
                alt=f"F1 on {task.name} against the number of annotated words, a line a method; the lines end at different places.",
                caption=f"Methods: {family}." if family else "",
            )
        )

# %%
display(
    *[
        show.table(
            curves.summary(lines[task], wholes[task]),
            caption=f"What was reached on {task.name}",
            note=f"{records.SCORER}. Area: mean height of the curve. Sentences: where the mean curve, made monotone, is so high, with a 95 % "
            "bootstrap interval over documents and seeds; as many are saved against random ones, with the same head.",
        )
        for task in tasks
    ]
)

# %% [markdown]
# Which differences from random sentences are more than chance? Compared is with the same head, on the same documents, by
# {term}`approximate randomisation`.

# %%
display(
    *[
        show.table(
            curves.against_random(lines[task]),
            caption=f"Paired tests on {task.name} against random sentences",
            note="Difference: of F1 after the last round, of the area over all rounds. p is corrected by Holm's method.",
        )
        for task in tasks
    ]
)

# %% [markdown]
# ### Beside what was recorded

# %%
due = [d for task in tasks for d in recording.looped(loops, task, methods, seeds=seeds, profile=profile)]
built = [row for d in due for row in d.rows()]
tables = records.tables(built, records.read(recording.ACTIVE), [])
note = f"{records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds. `all`: the whole pool."
display(*[show.table(rows, caption=name, note=note) for name, rows in tables.items()])

# %% [markdown]
# The paper reports no number for active learning, so that column is empty.
#
# ### Do uncertainties find errors?
#
# {term}`Calibration` here is a matter of order: is a word that the model labels wrongly less sure than one that it labels
# rightly? One half is chance. The models are those that were trained on random sentences, so that no measure has chosen
# its own training data; the words are those of the test set.

# %%
for task in tasks:
    display(
        figures.bars(
            curves.ranked(lines[task]),
            xlabel="area under the ROC curve, errors of words",
            interval="95 % t interval over seeds",
            caption=f"{task.name}, after the last round.",
            alt=f"Bars: how often a wrong word of {task.name} is less sure than a right one, by uncertainty and head.",
        )
    )

# %% [markdown]
# If the least sure words were left to a person, how many errors would stand in the rest
# {cite:p}`geifman-2017-selective`?

# %%
shown = ["mahalanobis", "centroid", "probability", "entropy", "bald"]
for task in tasks:
    display(
        figures.curves(
            curves.risks(lines[task]["random"], shown),
            xlabel="words that are kept, the surest first (%)",
            ylabel="wrong among them (%)",
            limits=(0, 100),
            caption=f"{task.name}, one layer in the head, after the last round.",
            alt=f"Share of wrong words of {task.name} among the surest against their share of all, a line an uncertainty.",
        )
    )

# %% [markdown]
# ### How long are the chosen sentences?
#
# One model, one pool, one budget; only the way from words to sentences differs.

# %%
chosen = {task: [loops.lengths(task, seed=seed) for seed in seeds] for task in tasks}
for task in tasks:
    run_all(chosen[task])
    display(
        figures.bars(
            curves.lengths(chosen[task]),
            xlabel=f"words a sentence, {task.name}",
            interval="95 % t interval over seeds",
            caption=f"Sentences that would be chosen next. Those of the pool have {curves.left(chosen[task]):.1f} words on average.",
            alt=f"Bars: mean number of words of sentences chosen from {task.name}, by uncertainty and aggregation.",
            fmt=".1f",
        )
    )

# %% [markdown]
# ### With a person
#
# The same loop with a person in the place of the simulated annotator. `chemxl annotate out` chooses texts with a trained
# tagger and writes them with what it finds in them as a brat project: `round-001` with a text and an `.ann` for each,
# `annotation.conf` and `visual.conf`. After the work in brat, `chemxl annotate in` reads the folder back, says what was
# added, removed, retyped or moved, and refuses what is malformed, with file and line. It never writes into the folder that a
# person has worked in; what it keeps stands beside it.
#
# ```bash
# chemxl annotate out texts/*.txt --project rounds --count 20 --strategy mahalanobis
# # … annotate rounds/round-001 in brat …
# chemxl annotate in --project rounds
# ```
#
# What is kept is a corpus to train on, {py:class}`chemxl.active.rounds.Brought`; the next `out` leaves out what was given
# out already.
#
# The same folder opens in a notebook, too ({py:class}`chemxl.annotate.Annotator`): mark text with the mouse or the
# keyboard, choose a type by its number, undo, save. On a page that is only read it shows what it holds:

# %%
display(*chapter.annotators(tasks[0], publishable=profile == "small"))

# %% [markdown]
# ## Limits
#
# - The paper had experts annotate, and reports no curve. Here corpora that were annotated by others play the expert, who
#   is never tired and never in doubt; `ActiveLearning(noise=…)` makes mistakes, but not those of a person.
# - The paper prints neither which layer's output stands for $h_i$, nor how distances of sub-tokens become one of a text.
#   Here it is what the last layer reads at a word's first piece, which is {eq}`eq-hidden` after a nonlinearity (GELU), and
#   the mean over words.
# - A head of two layers needs more training than a single layer before it finds anything. In single runs of the mini encoder
#   beside this page, with few steps, it stayed behind, sometimes far, with normalisation and as much without; with two or
#   three times as many steps all heads were alike. So it seems to be the depth that costs; one seed each does not settle it.
#   `+none` among the `methods` shows both apart.
# - What such a head reaches with everything annotated is its own goal, too: fewer sentences to reach a lower goal are no
#   merit. Read the last columns of the table together.
# - The mini encoder knows no language before its first sentence, and its pool repeats the same passages with other names.
#   Its curves show that the code runs, not which method is good.
# - `bald` draws dropout in front of the last layer alone, since encoders here are fine-tuned without any.
# - A strategy chooses all sentences of a round by one model. Two that are alike are both chosen, except by `badge` and
#   `core-set`; smaller rounds would help the others.
# - Numbers of sentences come from straight lines between rounds ({py:mod}`chemxl.learning`).
#
# ## Exercises
#
# ```{exercise}
# :label: ex-sum
# Add `"entropy+sum"` to `methods`. Does it beat `entropy` by annotated sentences? And by annotated words?
# ```
#
# ```{solution} ex-sum
# :class: dropdown
# The sum prefers long sentences: by sentence its curve is above that of the mean, since more words are learnt from. By
# word, in the second figure, look at where the lines end before you compare them.
# ```
#
# ```{exercise}
# :label: ex-noise
# Let the annotator miss every tenth mention (`noise` of {py:class}`chemxl.active.experiments.ActiveLearning`). Which method
# suffers more, random sentences or the one that asks for the hardest?
# ```
#
# ## Provenance

# %%
show.provenance(
    {loops.row(task, method): values[0] for task in tasks for method, values in lines[task].items()},
    caption="What made the rows (first seed each)",
)
