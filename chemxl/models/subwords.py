"""Tokenizers whose pieces never hold a boundary between labelled words, and the one of the mini corpus."""

from __future__ import annotations

from functools import cache
from unicodedata import normalize

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from chemxl.documents import HAN

MINI_VOCABULARY = 4000
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

# A piece never holds a boundary of chemxl.documents.words: the sign of a word's begin stays with what follows it.
_HAN = HAN.encode().decode("unicode_escape")  # the characters themselves: this engine writes their codes otherwise
_UNITS = Regex(rf"▁?(?:\d+|[{_HAN}]|[^\w\s▁]|_)")


def cut_at_units(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """The tokenizer, made to keep digits, letters and signs in separate pieces, so that every labelled word has its
    first piece."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()  # long texts are read in windows, see chemxl.models.windows
    backend.no_padding()
    units = pre_tokenizers.Split(_UNITS, "isolated")
    if str(units) not in str(backend.pre_tokenizer):  # a saved tokenizer has it already
        backend.pre_tokenizer = pre_tokenizers.Sequence([backend.pre_tokenizer, units])
    return tokenizer


@cache
def mini_tokenizer() -> PreTrainedTokenizerFast:
    """A cased WordPiece tokenizer trained on the training passages of the mini corpus."""
    from chemxl import corpora

    texts = [normalize("NFC", document.text) for document in corpora.load("mini", split="train")]
    # The trainer numbers inner letters as its hash tables happen to give them, another way in every process, and ties
    # between pairs fall by number. So they are named beforehand, and what it made of them becomes the vocabulary.
    inner = [f"##{letter}" for letter in sorted({letter for text in texts for letter in text if not letter.isspace()})]
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learner.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(vocab_size=MINI_VOCABULARY, special_tokens=[*SPECIAL, *inner], show_progress=False),
    )
    backend = Tokenizer(models.WordPiece(learner.get_vocab(), unk_token="[UNK]", max_input_chars_per_word=100))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    first, last = ((token, SPECIAL.index(token)) for token in ("[CLS]", "[SEP]"))  # the trainer puts special ones first
    backend.post_processor = processors.BertProcessing(last, first)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return cut_at_units(PreTrainedTokenizerFast(tokenizer_object=backend, **names))
