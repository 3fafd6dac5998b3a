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
# # Scoreboard
#
# Every number of the book in one place: what the papers report, what this project recorded on real text, what this build
# has just computed. An empty cell has not been run by anyone here yet, and is shown because it is owed.

# %% tags=["parameters"]
profile: str = "small"
models: list = ["mini", "mini+crf", "bilstm-crf"]
epochs: int = 6
rate: float = 0.002
sentences: int = 800
seeds: list = [0, 1, 2]
embedders: list = ["lsi"]
rates: list = [0.05, 0.1, 0.2, 0.3]
stages: list = ["mini+head", "mini+mlm", "mini+mlm+tlm"]
ablated: str = "mini"
amount: int = 0
runs: list = [0, 1, 2]
base_encoder: str = "mini"
base_layers: int = 0
few: list = [20, 60, 160, 320]
few_visits: int = 320
few_as_long: list = [60, 160]
source_most: int = 400
source_epochs: int = 2
batch_tokens: int = 256
learning_rate: float = 0.002
head_learning_rate: float = 0.002
encoder: str = "mini"
sizes: list = [100, 300]
visits: int = 600
tagger_rate: float = 0.002
tokens: int = 512
active: dict = {
    "encoder": "mini",
    "methods": ["random+none", "entropy+none", "mahalanobis+none", "mahalanobis+always"],
    "rounds": 3,
    "budget": 30,
    "sentences": 300,
    "documents": 0,
    "steps": 60,
    "rate": 0.001,
    "head_rate": 0.002,
    "tokens": 256,
    "whole_epochs": 8,
    "bound": 1.25,
}

# %%
from IPython.display import display

from chemxl.active import curves
from chemxl.collect import chapter as collection
from chemxl.contrastive import chapter as contrastive
from chemxl.contrastive import tables as contrastive_tables
from chemxl.experiments.schedule import run_all
from chemxl.ner import chapter
from chemxl.pretrain import chapter as pretraining
from chemxl.results import recording, records, show
from chemxl.transfer import chapter as transfer
from chemxl.transfer import rows as transferred
from chemxl.transfer import tables as transfer_tables

# %% [markdown]
# ## Chapter 1: data collection
#
# The values are declared as in [chapter 1](01_data_collection.ipynb), so they are computed once, whichever page asks first.

# %%
scored = collection.scored(profile, embedders=embedders, rates=rates, seeds=seeds)
for lines in scored.values():
    for values in lines.values():
        run_all(values)
collected = records.read(recording.COLLECT)
tables = records.tables(recording.scored(scored, profile=profile), collected, [])
note = "Strict F1 over beads, or the share of the first k that is right; 95 % bootstrap interval."
display(*[show.table(tables[name], caption=name, note=note) for name in collection.SCORERS])

# %% [markdown]
# ## Chapter 2: active learning
#
# Declared as in [chapter 2](02_active_learning.ipynb).

# %%
due = list(recording.active_lines(profile, active))
for line in due:
    run_all(line.experiments)
chosen = records.read(recording.ACTIVE)
tables = records.tables(curves.headline([row for line in due for row in line.rows()]), curves.headline(chosen), [])
note = f"{records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds. Rows “all”: the whole pool."
display(*[show.table(rows, caption=name, note=note) for name, rows in tables.items()])

# %% [markdown]
# ## Chapter 3: continual pretraining
#
# Declared as in [chapter 3](03_continual_pretraining.ipynb); what it does to F1 stands among the rows of chapter 4.

# %%
guessed = pretraining.lines(profile, stages=stages, ablated=ablated, runs=runs, amount=amount)
for lines in guessed.values():
    for values in lines.values():
        run_all(values)
pretrained = records.read(recording.PRETRAIN)
tables = records.tables(recording.guessed(guessed, profile=profile), pretrained, records.papers(recording.PRETRAIN))
note = "Perplexity of held-out text: mean over pretraining runs, 95 % bootstrap interval over documents and runs."
display(*[show.table(rows, caption=name, note=note) for name, rows in tables.items()])

# %% [markdown]
# ## Chapter 4: named entity recognition
#
# Declared as in [chapter 4](04_ner.ipynb).

# %%
lines = chapter.lines(profile, models=models, epochs=epochs, rate=rate, seeds=seeds, sentences=sentences)
for values in lines.values():
    run_all(values)
built = [records.row("04_ner", chapter.table(profile), name, values, profile=profile) for name, values in lines.items()]
recorded = records.read("04_ner")
note = f"F1. Recorded and this build: {records.SCORER}, mean over seeds, 95 % bootstrap interval over documents and seeds."
tables = records.tables(built, recorded, records.papers("04_ner"))
display(*[show.table(rows, caption=name, note=note) for name, rows in tables.items()])

# %% [markdown]
# ## Chapter 5: transfer curves
#
# Declared as in [chapter 5](05_transfer.ipynb), where precision and recall stand, too.

# %%
crossed = transfer.Grid(
    profile,
    base_encoder=base_encoder,
    base_layers=base_layers,
    few=few,
    few_visits=few_visits,
    few_as_long=few_as_long,
    source_most=source_most,
    source_epochs=source_epochs,
    batch_tokens=batch_tokens,
    learning_rate=learning_rate,
    head_learning_rate=head_learning_rate,
    seeds=seeds,
)
moved = records.read(recording.TRANSFER)
shown = {"This build": transferred.everything(crossed), "Recorded": moved, "Paper 1": records.papers(recording.TRANSFER)}
for title, found in shown.items():
    display(*[show.table(rows, caption=f"{title}: {name}") for name, rows in transfer_tables.board(found).items()])

# %% [markdown]
# ## Chapter 6: contrastive pretraining
#
# Declared as in [chapter 6](06_contrastive_pretraining.ipynb).

# %%
grid = contrastive.Grid(encoder=encoder, sizes=sizes, visits=visits, tokens=tokens, rate=rate, tagger_rate=tagger_rate)
chosen_tasks = contrastive.tasks(profile)
contrasts = grid.lines(chosen_tasks, seeds=seeds)
for values in contrasts.values():
    run_all(values)
contrasted, reported = records.read(recording.CONTRASTIVE), records.papers(recording.CONTRASTIVE)
shown = {"This build": contrastive_tables.rows(grid, chosen_tasks, contrasts, profile), "Recorded": contrasted}
for title, rows in shown.items():
    for name, cells in contrastive_tables.boards(rows, contrastive_tables.SCORES, contrastive_tables.by_size).items():
        display(show.table(cells, caption=f"{title}: {name}, F1 by number of labelled sentences", note=note))
display(*[show.table(records.wide(reported, n), caption=n, digits=4) for n in dict.fromkeys(r.table for r in reported)])

# %% [markdown]
# ## Where the recorded numbers come from

# %%
show.table(records.origin([*collected, *chosen, *pretrained, *recorded, *moved, *contrasted]), caption="Configuration, code, machine and time of each recorded row")

# %%
show.glue("bc5cdr_f1", records.interval(records.find(recorded, "e5-small: BC5CDR → BC5CDR")))
show.glue("zero_shot_f1", records.interval(records.find(recorded, "e5-small: BC5CDR + BioNNE-R EN → BioNNE-R RU")))
show.glue("upper_bound_f1", records.interval(records.find(recorded, "e5-small: BioNNE-R RU → BioNNE-R RU")))
