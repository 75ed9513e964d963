#!/usr/bin/env python3
"""Writes tests/data/tokenizer/cases: small tokenizer.json files of every kind and the ids Hugging Face gives for them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.21.4
    venv/bin/python tests/conformance/make_tokenizer_cases.py

NAME.json is the tokenizer, NAME.ids.json the expected ids: {"plain": [...], "special": [...], "decoded": [...]} with one
entry for each text of texts.json: ids without and with what the tokenizer adds around a text, and the text of the plain
ids; null where it has no answer. Some trainers draw by chance, so a second run makes other tokenizers.

`--check` writes nothing: it fails when the committed ids are not what the library gives for the committed tokenizers.
`--random COUNT FOLDER` writes the committed tokenizers to FOLDER with ids for COUNT random texts;
`PLUMB_TOKENIZER_CASES=FOLDER/ hugging_face_cases_test` compares them.
"""
import json
import pathlib
import random
import struct
import sys

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'tests/data/tokenizer/cases'

TEXTS = [
    '', ' ', '  ', '\t', '\n', '\r\n', '\n\n\n', ' \n\t \r ', 'Hello', ' Hello', 'Hello world', 'Hello  world ',
    'First Citizen:\nBefore we proceed any further, hear me speak.\n', "I'll don't we've she's they're I'm he'd IT'S",
    '1 22 333 4444 55555 3.14 1,000', 'a_b-c+d=e(f)[g]{h}<i>"j"\'k\'', '!!!??? ... ;;; ###',
    '\u00e9 e\u0301 \u00c5 A\u030a \u1e9b\u0323 \ufb01 \u2460 \u00bd \u216b', '\u0130stanbul \u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 STRASSE \u00df \u1e9e',
    '\u6211\u60f3\u5728apple\u5de5\u4f5c1314151\u5929\uff5e', '\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3001\uff76\uff9e\uff77\uff9e', '\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8 \u1112\u1161\u11ab',
    '\u043d\u0435\u0449\u043e \u043d\u0430 \u0411\u044a\u043b\u0433\u0430\u0440\u0441\u043a\u0438', '\u0647\u0630\u0627 \u0646\u0635 \u0639\u0631\u0628\u064a \u0663\u0664', '\u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22',
    '\U0001f680 \U0001f636\u200d\U0001f32b\ufe0f \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd \u2764\ufe0f', 'zero\u200bwidth\u00a0space\u2003em\u3000ideographic\u2028line\u0085nel\u000bvt\u000cff',
    'nul\u0000bell\u0007del\u007fsoft\u00adbom\ufefffffd\ufffd', '\u2581already\u2581meta \u2581 space', '\u0120byte \u010alevel',
    'before<s>inside</s> after [MASK] <pad>  <x> <x>y z<x>', 'tabs\tand\t\ttabs', 'CamelCaseIdentifier snake_case_identifier',
    'x' * 300, '\u00e9' * 150, ' '.join(['the'] * 40), '<0x41> <unk> [UNK] ##ing', 'mixed\u0301\u0302\u0303 marks\u0327',
    '\u00b2\u00b3\u00b9 \u0be7 \u3007 \u4e00', "\u2018quoted\u2019 \u2014 \u201cdash\u201d \u2026 \u20ac5 \u00a310 %"]


def corpus():
    recipe = (ROOT / 'tests/data/tiny-shakespeare/train.py').read_text()
    readme = (ROOT / 'README.md').read_text()
    return [line for text in (SCENE, recipe, readme) for line in text.split('\n')] * 2


SCENE = """First Citizen:
Before we proceed any further, hear me speak.

All:
Speak, speak.

First Citizen:
You are all resolved rather to die than to famish?

All:
Resolved. resolved.

First Citizen:
First, you know Caius Marcius is chief enemy to the people.

All:
We know't, we know't.

First Citizen:
Let us kill him, and we'll have corn at our own price. Is't a verdict?

All:
No more talking on't; let it be done: away, away!

Second Citizen:
One word, good citizens.

First Citizen:
We are accounted poor citizens, the patricians good. What authority surfeits on would relieve us: if they would yield us
but the superfluity, while it were wholesome, we might guess they relieved us humanely; but they think we are too dear.
"""

GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+")


def character_map():
    """A precompiled_charsmap for a few keys: a double array by hand, one unit a byte value, small and valid."""
    rules = {'\u00bd': '1/2', '\ufb01': 'fi', '\uff5e': '~', '\u3000': ' ', '\u00a0': ' ', 'e\u0301': '\u00e9', '\u2460': '1',
             '\u00ad': '', '\t': ' ', '\n': ' '}
    forms, offsets = b'', {}
    for key, form in rules.items():
        offsets[key.encode()] = len(forms)
        forms += form.encode() + b'\0'
    tree = {}
    for key, offset in offsets.items():
        node = tree
        for byte in key:
            node = node.setdefault(byte, {})
        node[None] = offset
    units, used = {0: 0}, {0}
    def place(position, node):
        labels = [0 if label is None else label for label in node]
        base = 1
        while any((base ^ label) in used for label in labels) or (base ^ position) >= 1 << 21:
            base += 1
        used.update(base ^ label for label in labels)
        units[position] |= ((position ^ base) << 10) | (256 if None in node else 0)
        for label, child in node.items():
            if label is None:
                units[base] = child | 1 << 31
            else:
                units[base ^ label] = label
        for label, child in node.items():
            if label is not None:
                place(base ^ label, child)
    place(0, tree)
    size = max(units) + 256
    trie = b''.join(struct.pack('<I', units.get(i, 0)) for i in range(size))
    return struct.pack('<I', len(trie)) + trie + forms


def trained(model, trainer, normalizer=None, pre_tokenizer=None, post=None, decoder=None):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus(), trainer)
    if post is not None:
        tokenizer.post_processor = post(tokenizer)
    if decoder is not None:
        tokenizer.decoder = decoder
    return tokenizer


def around(before, behind):
    def make(tokenizer):
        names = before + behind
        return processors.TemplateProcessing(single=' '.join(before + ['$A'] + behind), pair='$A $B',
                                             special_tokens=[(n, tokenizer.token_to_id(n)) for n in sorted(set(names))])
    return make


def bpe_trainer(size=400, **more):
    return trainers.BpeTrainer(vocab_size=size, show_progress=False, **more)


def byte_level(size=500, special=('<s>', '</s>', '<pad>')):
    return bpe_trainer(size, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def byte_tokens():
    return [f'<0x{b:02X}>' for b in range(256)]


def make_bpe():
    yield 'bpe-gpt2', trained(models.BPE(), byte_level(), None, pre_tokenizers.ByteLevel(add_prefix_space=False), None,
                              decoders.ByteLevel())
    roberta = trained(models.BPE(), byte_level(), None, pre_tokenizers.ByteLevel(add_prefix_space=True),
                      lambda t: processors.RobertaProcessing(('</s>', t.token_to_id('</s>')), ('<s>', t.token_to_id('<s>'))),
                      decoders.ByteLevel())
    roberta.add_special_tokens([AddedToken('[MASK]', lstrip=True, special=True)])
    yield 'bpe-roberta', roberta
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(GPT4), 'isolated'),
                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    llama3 = trained(models.BPE(ignore_merges=True), byte_level(), None, split,
                     lambda t: processors.Sequence([processors.ByteLevel(), around(['<s>'], [])(t)]), decoders.ByteLevel())
    yield 'bpe-llama3', llama3
    qwen = trained(models.BPE(), byte_level(), normalizers.NFC(), split, None, decoders.ByteLevel())
    qwen.add_tokens([AddedToken('<x>', rstrip=True, lstrip=True, normalized=False), AddedToken('the', single_word=True)])
    yield 'bpe-qwen2', qwen
    llama = trained(models.BPE(unk_token='<unk>', fuse_unk=True, byte_fallback=True),
                    bpe_trainer(700, special_tokens=['<unk>', '<s>', '</s>'] + byte_tokens()),
                    normalizers.Sequence([normalizers.Prepend('\u2581'), normalizers.Replace(' ', '\u2581')]), None,
                    around(['<s>'], []),
                    decoders.Sequence([decoders.Replace('\u2581', ' '), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(' ', 1, 0)]))
    # Byte tokens are no special tokens in real files.
    document = json.loads(llama.to_str())
    document['added_tokens'] = document['added_tokens'][:3]
    yield 'bpe-llama2', Tokenizer.from_str(json.dumps(document))
    document['added_tokens'][1]['normalized'] = True
    document['added_tokens'][1]['special'] = False
    yield 'bpe-normalized-added', Tokenizer.from_str(json.dumps(document))
    yield 'bpe-unk', trained(models.BPE(unk_token='[UNK]', fuse_unk=False), bpe_trainer(300, special_tokens=['[UNK]'],
                             limit_alphabet=40), None, pre_tokenizers.Whitespace())
    yield 'bpe-fuse-unk', trained(models.BPE(unk_token='[UNK]', fuse_unk=True), bpe_trainer(300, special_tokens=['[UNK]'],
                                  limit_alphabet=40), normalizers.NFKC(), pre_tokenizers.WhitespaceSplit())
    yield 'bpe-no-unk', trained(models.BPE(), bpe_trainer(300, limit_alphabet=40), normalizers.NFKD(),
                                pre_tokenizers.Digits(individual_digits=True))
    yield 'bpe-suffix', trained(models.BPE(unk_token='[UNK]', end_of_word_suffix='</w>'),
                                bpe_trainer(300, special_tokens=['[UNK]'], end_of_word_suffix='</w>'),
                                normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer(), None, decoders.BPEDecoder())
    yield 'bpe-prefix', trained(models.BPE(unk_token='[UNK]', continuing_subword_prefix='##'),
                                bpe_trainer(300, special_tokens=['[UNK]'], continuing_subword_prefix='##'), None,
                                pre_tokenizers.Punctuation('merged_with_previous'))


def make_word_piece():
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    trainer = lambda: trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    bert = lambda: models.WordPiece(unk_token='[UNK]', max_input_chars_per_word=100)
    yield 'wordpiece-uncased', trained(bert(), trainer(), normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(),
                                       around(['[CLS]'], ['[SEP]']), decoders.WordPiece())
    yield 'wordpiece-cased', trained(bert(), trainer(), normalizers.BertNormalizer(lowercase=False, strip_accents=False),
                                     pre_tokenizers.BertPreTokenizer(),
                                     lambda t: processors.BertProcessing(('[SEP]', 3), ('[CLS]', 2)),
                                     decoders.WordPiece(cleanup=False))
    yield 'wordpiece-raw', trained(bert(), trainer(), normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False),
                                   pre_tokenizers.Whitespace())
    yield 'wordpiece-strip', trained(bert(), trainer(), normalizers.Sequence([
        normalizers.NFD(), normalizers.StripAccents(), normalizers.Strip(left=True, right=False), normalizers.Nmt()]),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=False),
                                 pre_tokenizers.Punctuation('contiguous')]))


def make_unigram():
    trainer = lambda special, **more: trainers.UnigramTrainer(vocab_size=300, special_tokens=special, unk_token='<unk>',
                                                              show_progress=False, **more)
    special = ['<s>', '<pad>', '</s>', '<unk>']
    t5 = trained(models.Unigram(), trainer(special), normalizers.Sequence([
        normalizers.Precompiled(character_map()), normalizers.Replace(Regex(' {2,}'), ' ')]),
        pre_tokenizers.Metaspace(), around([], ['</s>']), decoders.Metaspace())
    yield 'unigram-t5', t5
    xlmr = trained(models.Unigram(), trainer(special), normalizers.Nmt(),
                   pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
                   around(['<s>'], ['</s>']), decoders.Metaspace())
    yield 'unigram-xlmr', xlmr
    first = trained(models.Unigram(), trainer(special), None, pre_tokenizers.Metaspace(prepend_scheme='first', split=False),
                    None, decoders.Metaspace(prepend_scheme='first'))
    yield 'unigram-first', first
    document = json.loads(trained(models.Unigram(), trainer(special), None, pre_tokenizers.Metaspace(prepend_scheme='never'),
                                  None, decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme='never')])
                                  ).to_str())
    document['model']['vocab'] += [[token, -20.0] for token in byte_tokens()]
    document['model']['byte_fallback'] = True
    yield 'unigram-bytes', Tokenizer.from_str(json.dumps(document))


def make_others():
    yield 'wordlevel', trained(models.WordLevel(unk_token='[UNK]'), trainers.WordLevelTrainer(
        vocab_size=200, special_tokens=['[UNK]'], show_progress=False), None, pre_tokenizers.Whitespace())
    for name, pattern, behavior, invert in (
            ('isolated', Regex(r'\s+'), 'isolated', False), ('removed', Regex(r'\w+|[^\w\s]+'), 'removed', True),
            ('previous', ' ', 'merged_with_previous', False), ('next', Regex('[aeiou]'), 'merged_with_next', False),
            ('contiguous', Regex(r'\p{P}'), 'contiguous', False), ('lines', Regex(r'^.|.$|\S+(?=\s)'), 'isolated', False)):
        yield f'split-{name}', trained(models.BPE(), byte_level(320), None, pre_tokenizers.Sequence([
            pre_tokenizers.Split(pattern, behavior, invert), pre_tokenizers.ByteLevel(False, use_regex=False)]), None,
            decoders.ByteLevel())
    yield 'delimiter', trained(models.BPE(), byte_level(320), normalizers.ByteLevel(),
                               pre_tokenizers.CharDelimiterSplit('\u0120'))


def encode(tokenizer, text, special):
    try:
        return tokenizer.encode(text, add_special_tokens=special).ids
    except Exception:
        return None


def ids_json(tokenizer, texts):
    plain = [encode(tokenizer, text, False) for text in texts]
    special = [encode(tokenizer, text, True) for text in texts]
    decoded = [None if ids is None else tokenizer.decode(ids, skip_special_tokens=False) for ids in plain]
    return json.dumps({'plain': plain, 'special': special, 'decoded': decoded}, separators=(',', ':')) + '\n'


def files():
    yield 'texts.json', json.dumps(TEXTS, ensure_ascii=True, indent=0) + '\n'
    for make in (make_bpe, make_word_piece, make_unigram, make_others):
        for name, tokenizer in make():
            yield f'{name}.json', tokenizer.to_str(pretty=False) + '\n'
            yield f'{name}.ids.json', ids_json(tokenizer, TEXTS)


def committed():
    for path in sorted(OUT.glob('*.ids.json')):
        name = path.name.removesuffix('.ids.json')
        yield name, Tokenizer.from_file(str(OUT / f'{name}.json'))


def random_text(source):
    """Characters of all sorts: pieces of the fixed texts, single characters from many blocks, runs."""
    blocks = [(0, 0x7f), (0x20, 0x7e), (0x80, 0x24f), (0x300, 0x36f), (0x370, 0x52f), (0x590, 0x6ff), (0x900, 0xdff), (0x1100, 0x11ff),
              (0x1e00, 0x1fff), (0x2000, 0x206f), (0x20d0, 0x2bff), (0x3000, 0x30ff), (0x4e00, 0x4eff), (0xac00, 0xacff),
              (0xfb00, 0xfdff), (0xfe00, 0xffef), (0x1f300, 0x1f6ff), (0xe000, 0xe0ff), (0x10400, 0x1044f)]
    out = ''
    for _ in range(source.randint(1, 12)):
        kind = source.randrange(4)
        if kind == 0:
            text = source.choice(TEXTS)
            begin = source.randint(0, len(text))
            out += text[begin:begin + source.randint(0, 12)]
        elif kind == 1:
            out += ' ' * source.randint(1, 3)
        else:
            low, high = source.choice(blocks)
            out += chr(source.randint(low, high)) * source.choice((1, 1, 1, 2, 3))
    return out


def main():
    if sys.argv[1:] == ['--check']:
        wrong = [name for name, tokenizer in committed()
                 if (OUT / f'{name}.ids.json').read_text() != ids_json(tokenizer, TEXTS)]
        sys.exit(f'the committed ids are not what the library gives: {wrong}' if wrong else 0)
    if sys.argv[1:2] == ['--random']:
        source, folder = random.Random(1), pathlib.Path(sys.argv[3])
        folder.mkdir(parents=True, exist_ok=True)
        texts = [random_text(source) for _ in range(int(sys.argv[2]))]
        (folder / 'texts.json').write_text(json.dumps(texts))
        for name, tokenizer in committed():
            (folder / f'{name}.json').write_text((OUT / f'{name}.json').read_text())
            (folder / f'{name}.ids.json').write_text(ids_json(tokenizer, texts))
        return
    OUT.mkdir(parents=True, exist_ok=True)
    for name, text in files():
        (OUT / name).write_text(text)


if __name__ == '__main__':
    main()
