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
#   chooses longer sentences has more words annotated for each of them: the table of what was reached has the mean F1 over
#   annotated sentences and over annotated words, each with an interval.
# ```
#
# ## Question
#
# {cite:t}`molodchenkov-crosslanguage` collected more than two thousand English and fifteen hundred Russian texts. Experts
# annotated in {term}`brat`, how many of them is not said, and the model chose: the examples that are hardest for it are annotated next, and it is
# trained again. Hard means far from the centroids of all classes, by the Mahalanobis distance on a spectrally normalised
# network. The paper gives the method and no number: neither how much annotation it saved, nor whether chance or
# a simpler measure would have saved as much. This chapter asks both, and whether {term}`spectral normalisation`
# (спектральная нормализация) is what makes the distance work.

# %% tags=["parameters"]
profile: str = "small"
encoder: str = "mini"
methods: list = ["random+none", "entropy+none", "mahalanobis+none", "mahalanobis+always"]
rounds: int = 3
budget: int = 30
sentences: int = 300
documents: int = 0
steps: int = 60
rate: float = 0.001
head_rate: float = 0.002
tokens: int = 256
whole_epochs: int = 8
bound: float = 1.25
seeds: list = [0, 1, 2]

# %%
from IPython.display import display

from chemxl.active import chapter, compared, curves, recorded
from chemxl.experiments.schedule import run_all
from chemxl.results import figures, recording, records, show

# %% [markdown]
# ## Data
#
# A *pool* (пул неразмеченных текстов) of sentences is there without labels; whoever annotates is asked for some of them
# in each round. Here the annotator is simulated: what was asked for gets the corpus's own annotation, and, if one wants,
# a share of mistakes ({py:class}`chemxl.active.oracle.Annotated`). The `real` profile has chemicals in BC5CDR
# {cite}`li-2016-bc5cdr` and in the Russian abstracts of BioNNE-R {cite}`davydova-2024-bionne`, the `small` one the mini
# corpus in Russian, expanded by swapping names. Of real corpora so many sentences and test documents are drawn as the
# parameters `sentences` and `documents` say. Whatever is tested on, or is a translation or copy of it, is in no pool.

# %%
tasks = chapter.tasks(profile, sentences=sentences, documents=documents)
show.table(
    chapter.overview(tasks),
    caption="What is chosen from and tested on",
    note="The pool has each sentence once. The test set is read as whole documents; mentions are those of one layer.",
    digits=1,
)

# %% [markdown]
# What comes back from a round: sentences with every mention marked. Below are three of the pool as the simulated annotator
# gives them back. Others' corpora may not be shown here; with the real ones nothing is.

# %%
display(*[show.entities(unit) for unit in chapter.examples(tasks[0], publishable=profile == "small")])

# %% [markdown]
# ## Method
#
# The loop that the paper describes (the figure that it refers to is not printed) has two halves. One *annotates*: brat receives
# the chosen texts, an expert annotates them, and pairs of text and annotation come back. The other *fine-tunes*: it takes new texts out of
# the pool, has them annotated, trains the model again, chooses the next, and is evaluated.
#
# **Uncertainty by distance.** Let $h_i$ be the hidden representation (скрытое представление) of word $i$, $\mu_c$ the
# centroid (центроид) of class $c$, a label of {term}`BIO`, and $\Sigma$ the covariance matrix within classes: that of the
# differences of words from their own class's centroid, all classes pooled, from the words annotated so far. The distance
# to a class is
#
# $$\mu_{MD} = (h_i - \mu_c)^{\mathsf T}\, \Sigma^{-1} (h_i - \mu_c)$$ (eq-mahalanobis)
#
# and the uncertainty that of the nearest class {cite:p}`lee-2018-simple`. The paper calls $\Sigma$ the covariance of the training
# instances; that it is taken within classes is what the cited method does. The inverse is never formed: with the
# factorisation of Cholesky, $\Sigma = L L^{\mathsf T}$, all words and centroids are multiplied by $L^{-1}$ by solving a
# triangular system, and what is left is the squared Euclidean distance. A first round has only a few words for each
# dimension, and the smallest eigenvalues of $\Sigma$ come out far too small; it is therefore shrunk towards a multiple of
# the identity {cite:p}`chen-2010-oas` ({py:mod}`chemxl.active.uncertainty`).
#
# **On a normalised layer.** A network may fold what is unfamiliar onto what it knows, and distances then say nothing. The
# paper bounds how far its classification head can stretch: no two words leave a normalised layer further apart than they
# entered it. How far it can squeeze is not bounded, since the smaller singular values may be anything. With the
# {term}`spectral norm` (спектральная норма) of a layer's weights,
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
# To divide $W$ by a number changes no distance {eq}`eq-mahalanobis`: all $h_i - \mu_c$ become shorter by it and $\Sigma$ by
# its square. So whatever normalisation does, it does by way of training, whose gradients flow through $v$, and of the
# nonlinearity that follows the layer.
#
# The vectors of the iteration are kept from step to step, so that a few steps follow the weights as they change:

# %%
show.table(
    chapter.worked(seed=0),
    caption="Spectral norm of a random 64 by 64 matrix, by power iteration from nothing and by torch",
    digits=4,
)

# %% [markdown]
# The head has two layers, as in the code of {cite:t}`vazhentsev-2022-uncertainty`, who use the same distance and the same
# normalisation; the paper neither cites them nor names code of its own. One is a
# normalised layer, after whose nonlinearity the distances are computed, the other gives scores. `+always` in a method's name
# divides by $v$ at every step, as the paper says; `+bound` only where $v$ is above a bound, as that code does; `+none` is
# the same head without normalisation; and a name without any has one layer and the encoder's own output in its place. All
# heads of two layers begin alike for one seed, with orthogonal weights in the first, whose singular values are all 1. So
# `+bound` with a bound of 1 would be `+always` as long as training lets $v$ grow, and with one that training does not
# reach it is `+none`.
#
# **Other uncertainties.** `probability` is 1 minus the probability of the assigned class, which the paper names, too, as
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
# All methods begin with the same random sentences of a seed, and every model of one head is trained from the same
# beginning. Every training has the same number of steps, and batches of the same number of tokens, however few sentences are
# annotated or how long they are: those come again, or the first rounds would compare how little is learnt in a few steps
# {cite:p}`mosbach-2021-stability`. What the pool could give at most is another question: with everything annotated a model
# reads each sentence `whole_epochs` times, about as often as the last round's sentences were read, and takes more steps.

# %%
training = {"steps": steps, "rate": rate, "head_rate": head_rate, "tokens": tokens, "whole_epochs": whole_epochs, "bound": bound}
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

# %% [markdown]
# If a method's line is above random sentences in the first figure and not in the second, its sentences are longer, and
# not better chosen. The mean F1 over a curve, its height, says so in a number: by sentences over all rounds, by words
# between the first round and the number of words that all methods come to.

# %%
display(
    *[
        show.table(
            curves.reached(lines[task]),
            caption=f"What was reached on {task.name}",
            note=f"{records.SCORER}, mean over seeds. Mean F1: with a 95 % bootstrap interval over documents and seeds.",
        )
        for task in tasks
    ]
)

# %% [markdown]
# What training made of the normalised layer, with everything annotated:

# %%
display(
    *[
        show.table(
            chapter.norms(wholes[task]),
            caption=f"Singular values of the layer's weights after training, {task.name}",
            note="As it computes with them, after division by v where it divides; mean over seeds. All are 1 before training.",
        )
        for task in tasks
    ]
)

# %% [markdown]
# ### Beside what was recorded

# %%
due = [d for task in tasks for d in recording.looped(loops, task, methods, seeds=seeds, profile=profile)]
built, kept = [row for d in due for row in d.rows()], records.read(recording.ACTIVE)
shown = {"This build": built, "Recorded": kept}
headlines = records.tables(curves.headline(built), curves.headline(kept), [])
note = f"{records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds. Rows “all”: the whole pool."
display(*[show.table(rows, caption=name, note=note) for name, rows in headlines.items()])

# %%
for title, group in recorded.curves(kept).items():
    display(
        figures.curves(
            group,
            xlabel="annotated sentences",
            ylabel="F1",
            limits=(0, 1),
            alt=f"Recorded F1 on {title} against the number of annotated sentences, a line a method.",
            caption=f"Recorded: {title}.",
        )
    )

# %%
note = f"{records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds."
if kept:
    display(show.table(compared.reached(kept), caption="Recorded: what was reached", note=note))
    caption = "Recorded: words that an annotated sentence has"
    display(show.table(recorded.words(kept), caption=caption, note="95 % t interval over seeds."))

# %% [markdown]
# How much annotation is that? One goal is a share of the F1 with the whole pool annotated. Few rounds may not come to it.
# The other goal is lower: the F1 that random sentences with the same head end in.

# %%
note = (
    "Where the mean curve, made monotone, is so high, with a 95 % bootstrap interval over documents and seeds; “>” where it does not "
    "come there with the sentences of all rounds, “≤” where it is there after the first."
)
for title, rows in shown.items():
    if rows:
        display(show.table(compared.needed(rows), caption=f"{title}: sentences that are needed", note=note))

# %% [markdown]
# Which differences are more than chance? Each method is compared with random sentences and the same head, and each head
# with the first one and the same strategy, on the same documents. The test is {term}`approximate randomisation`.

# %%
note = (
    "Interval: 95 %, documents and seeds drawn again. p: of this difference where a document's predictions of both methods, of all seeds "
    "and rounds, change places by chance; it holds for these seeds alone. Holm's method over the comparisons of a task."
)
for title, rows in shown.items():
    if rows:
        display(show.table(compared.compared(rows), caption=f"{title}: differences of F1", note=note))

# %% [markdown]
# ### What was found
#
# Recorded: chemicals, five rounds of 60 sentences each. Mean F1 over the curve minus that of random sentences with the same head
# is with the margin {glue:text}`bc5cdr_margin` on BC5CDR and {glue:text}`bionne_margin` on BioNNE-R in Russian, with the entropy
# {glue:text}`bc5cdr_entropy` and {glue:text}`bionne_entropy`, with the Mahalanobis distance {glue:text}`bc5cdr_mahalanobis` and
# {glue:text}`bionne_mahalanobis`, on the normalised layer {glue:text}`bc5cdr_always` and {glue:text}`bionne_always`. It pays to ask the model, in both
# languages. Over the whole curve the distance gains about as much as margin and entropy, which are simpler. After the last
# round it gains less: {glue:text}`bc5cdr_mahalanobis_last` on BC5CDR and {glue:text}`bionne_mahalanobis_last` on BioNNE-R, where the margin gains
# {glue:text}`bc5cdr_margin_last` and {glue:text}`bionne_margin_last`. Methods were not tested against each other.
#
# **Is it the normalisation?** The same distance, with normalisation minus without: {glue:text}`bc5cdr_norm` on BC5CDR,
# {glue:text}`bionne_norm` on BioNNE-R, and after the last round {glue:text}`bc5cdr_norm_last` and {glue:text}`bionne_norm_last`. On BioNNE-R it is
# worse over the curve and better after the last round, each with a small p for these three seeds; we take neither for an
# effect. The distance works without it. With random sentences, where it can only change the training, it changes next to nothing:
# {glue:text}`bc5cdr_norm_random` and {glue:text}`bionne_norm_random`.
#
# **How much annotation?** The goal is the F1 that random sentences have after {glue:text}`most` of them; where does each curve first come
# to it? On BC5CDR random sentences do after {glue:text}`bc5cdr_needed_random` and the margin after {glue:text}`bc5cdr_needed`: it saves
# {glue:text}`bc5cdr_saved`. On BioNNE-R these are {glue:text}`bionne_needed_random` and {glue:text}`bionne_needed`, and {glue:text}`bionne_saved` are saved.
# The sentences of the margin are a little longer, {glue:text}`bc5cdr_words` words against
# {glue:text}`bc5cdr_words_random` and {glue:text}`bionne_words` against {glue:text}`bionne_words_random`. That is not the reason: over annotated
# *words* mean F1 is {glue:text}`bc5cdr_by_words` against {glue:text}`bc5cdr_by_words_random`, and {glue:text}`bionne_by_words` against
# {glue:text}`bionne_by_words_random`. The distance even chooses shorter sentences than chance.
#
# **Which uncertainty finds errors?** Of words of the test set, by the area under the ROC curve, entropy finds
# {glue:text}`bc5cdr_auroc_entropy` on BC5CDR and {glue:text}`bionne_auroc_entropy` on BioNNE-R, the Mahalanobis distance
# {glue:text}`bc5cdr_auroc_mahalanobis` and {glue:text}`bionne_auroc_mahalanobis`. The distance finds errors less well than entropy.
#
# With everything annotated F1 is {glue:text}`bc5cdr_all` and {glue:text}`bionne_all`; in five rounds no method comes to 95 % of it.

# %%
pairs = {
    "margin": "margin+none − random+none",
    "entropy": "entropy+none − random+none",
    "mahalanobis": "mahalanobis+none − random+none",
    "always": "mahalanobis+always − random+always",
    "norm": "mahalanobis+always − mahalanobis+none",
    "norm_random": "random+always − random+none",
}
needs = {(line["task"], line["method"]): line for line in compared.needed(kept)}
for key, task in {"bc5cdr": "BC5CDR", "bionne": "BioNNE-R RU"}.items():
    for name, pair in pairs.items():
        show.glue(f"{key}_{name}", records.interval(records.find(kept, task, metric=f"{compared.EVERY}: {pair}")))
    for name in ("norm", "margin", "mahalanobis"):
        last = records.find(kept, task, metric=f"{compared.LAST}: {pairs[name]}")
        show.glue(f"{key}_{name}_last", records.interval(last))
    for name, method in {"": "margin+none", "_random": "random+none"}.items():
        show.glue(f"{key}_needed{name}", needs[task, method][compared.RANDOM])
    show.glue(f"{key}_saved", needs[task, "margin+none"][compared.SAVED])
    show.glue(f"{key}_all", records.interval(records.find(kept, f"e5-small, all+none: {task}")))
    for name, method in {"": "margin+none", "_random": "random+none"}.items():
        words = records.find(kept, f"e5-small, {method}: {task}", metric="words a sentence")
        show.glue(f"{key}_words{name}", f"{words.value:.1f}")
        show.glue(f"{key}_by_words{name}", records.interval(records.find(kept, task, metric=method)))
        show.glue(f"{key}_f1{name}", records.interval(records.find(kept, f"e5-small, {method}: {task}", metric="F1")))
    for name in ("entropy", "mahalanobis"):
        found = records.find(kept, f"e5-small, random+none: {task}", metric=name)
        show.glue(f"{key}_auroc_{name}", records.interval(found))
show.glue("most", str(max(int(row.metric.split()[0]) for row in kept if row.metric.endswith(" sentences"))))

# %% [markdown]
# The paper reports no number for active learning, so that column is empty.
#
# ### Do uncertainties find errors?
#
# {term}`Calibration` here is a matter of order: is a word that the model labels wrongly less sure than one that it labels
# rightly? One half is chance. The models are those that were trained on random sentences, so that no measure has chosen
# its own training data; the words are those of the test set, read sentence by sentence as the models were trained.

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
for name, rows in recorded.ranked(kept).items():
    display(
        figures.bars(
            rows,
            xlabel="area under the ROC curve, errors of words",
            interval="95 % t interval over seeds",
            caption=f"Recorded: {name}, after the last round.",
            alt=f"Bars of recorded areas under the ROC curve on {name}, by uncertainty and head.",
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
            curves.risks(lines[task], shown),
            xlabel="words that are kept, the surest first (%)",
            ylabel="wrong among them (%)",
            limits=(0, 100),
            caption=f"{task.name}, {chapter.control(methods[0])}, after the last round.",
            alt=f"Share of wrong words of {task.name} among the surest against their share of all, a line an uncertainty.",
        )
    )

# %% [markdown]
# ### How long are the chosen sentences?
#
# One model, trained on all rounds of random sentences, one pool, one budget; only the way from words to sentences differs.

# %%
for task in tasks:
    display(
        figures.bars(
            curves.lengths(lines[task]),
            xlabel=f"words a sentence, {task.name}",
            interval="95 % t interval over seeds",
            caption=f"Sentences that would be chosen next. Those of the pool have {curves.left(lines[task]):.1f} words on average.",
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
# What is kept is a corpus to train on, {py:class}`chemxl.annotate.rounds.Brought`; the next `out` leaves out what was given
# out already.
#
# The same folder opens in a notebook, too ({py:class}`chemxl.annotate.widget.Annotator`): mark text with the mouse or the
# keyboard, choose a type by its number, undo, save. On a page that is only read it shows what it holds: here what the
# first round's model asks for next, with the mentions that it finds, which are to be corrected.

# %%
asking = lines[tasks[0]][methods[-1]][0]
display(*chapter.annotators(asking, publishable=profile == "small"))

# %% [markdown]
# ## Limits
#
# - The paper had experts annotate, and reports no curve. Here corpora that were annotated by others play the expert, who
#   is never tired and never in doubt; `ActiveLearning(noise=…)` makes mistakes, but not those of a person.
# - The paper chooses texts; here sentences are chosen.
# - The paper computes distances on {eq}`eq-hidden` itself; here they are computed after the nonlinearity (GELU) behind it, as in the code
#   named above. It does not say whether $h_i$ is a sub-token, a word or a text, nor how distances become one of a text. Here it
#   is a word's first piece, and the mean over words.
# - The layer that is normalised begins with orthogonal weights and is trained at the encoder's rate, which the paper does
#   not say. With torch's usual weights a word loses most of its length on the way through it, and at the rate of a head
#   $v$ soon grows so much that division leaves little of the other directions ({py:mod}`chemxl.active.spectral`).
# - Models learn from single sentences and are tested on whole documents, whose sentences they read in a context that they
#   did not have in training. It is the same for all methods.
# - All trainings of a loop have the same number of steps; the one with everything annotated has more. It is a goal, not the last
#   point of a curve: part of what it gains is longer training.
# - There are three seeds, and after 60 Russian sentences at least one model has an F1 near 0: its first choice is close to blind.
# - The `real` profile draws 1,500 sentences for each pool and 150 test documents, and trains for 150 steps, since it ran on two cores. Its
#   rate was chosen on sentences of BioNNE-R's pool that no training read: at twice that rate trainings on few of them collapsed.
# - Methods are tested against random sentences, not against each other; `badge`, `core-set` and `bald` were not recorded as strategies.
# - Of the profiles only `paper` has `+bound` among its methods: it lies between `+none` and `+always`, which all have.
#   `"mahalanobis+bound"` adds it; `bound` is to be chosen between 1 and the norm that the table shows of `+none`, or it is
#   one of these two.
# - The mini encoder knows no language before its first sentence, and its pool repeats the same passages with other names.
#   Its curves show that the code runs, not which method is good.
# - `bald` draws dropout in front of the last layer alone, since encoders here are fine-tuned without any.
# - A strategy chooses all sentences of a round by one model. Two that are alike are both chosen, except by `badge` and
#   `core-set`; smaller rounds would help the others.
# - Numbers of sentences come from straight lines between rounds ({py:mod}`chemxl.evaluation.learning_curves`).
#
# ## Exercises
#
# ```{exercise}
# :label: ex-sum
# Add `"entropy+none+sum"` to `methods`. Does it beat `entropy+none` by annotated sentences? And by annotated words?
# ```
#
# ```{solution} ex-sum
# :class: dropdown
# The sum prefers long sentences, so that as many of them have more words annotated; no model is trained longer for it,
# since all have the same number of steps. Compare the two columns of mean F1: by sentences the sum has the advantage of its words, by
# words it has not. In the second figure its line ends further to the right, beyond where the others can be compared.
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
