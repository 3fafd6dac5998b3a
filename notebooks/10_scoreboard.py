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
# Every number of the book in one table: what the papers report, what this project recorded on real text, and what this
# build has just computed. Below it, which parts of each paper are here and which are not.

# %% tags=["parameters"]
profile: str = "small"
settings: dict = {}

# %%
from IPython.display import display

from chemxl.results import chapters, claims, coverage, records, show, tables

# %% [markdown]
# ## All rows
#
# The rows are those of each chapter; experiments are computed once, whichever page asks first. Type into a column's
# field to filter, click its header to sort; the buttons save what is shown as a file. Papers have the numbers that the
# [landing page](../book/index.md) gives them.

# %%
found = {
    stem: chapters.results(chapter, chapter.Settings(**settings.get(stem, {"profile": profile})))
    for stem, chapter in chapters.find().items()
}
tables.board(found.values())

# %% [markdown]
# ## Which parts of each paper are here
#
# Every table, figure and numbered equation of the five papers, and those formulas and procedures of their text that
# this book uses. A table is split here if its parts have different statuses.
#
# - ✓ *Reproduced*: the formula or the procedure is in code, or the same data were counted.
# - ≈ *Scaled*: the same experiment, recorded with another encoder or corpus.
# - ○ *Demonstrated*: built, and run on small inputs by this book or its tests, but not recorded.
# - ∅ *Not obtainable*: the data or models that it needs are not available here.
# - – *Not done*.
#
# Whether the code exists and rows are recorded is checked whenever this page is made; the list is
# {download}`coverage.yaml <../book/coverage.yaml>`. What the papers *claim* is judged
# [claim by claim](11_claims.ipynb).

# %%
exhibits = [coverage.check(one) for one in coverage.read()]
display(coverage.summary(exhibits, claims.tried()), coverage.by_paper(exhibits))

# %% [markdown]
# ## How many numbers
#
# Rows of each chapter, by where they come from:

# %%
show.table(tables.tally(found), caption="Numbers in the table above")

# %% [markdown]
# ## Where the recorded numbers come from
#
# The rows of a chapter and the configurations that they rest on are in `book/recorded`; each chapter links to its
# own.

# %%
show.table(
    [{"chapter": stem, **line} for stem in found for line in tables.origin(records.read(stem)) if "hours" in line],
    caption="Code, machine, date and hours of the recorded experiments",
    digits=1,
)
