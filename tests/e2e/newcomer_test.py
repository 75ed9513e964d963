"""Three newcomers at terminals of 60, 80 and 120 columns: a researcher who publishes, an operator who runs a registry,
a consumer who looks for a model and pulls it. Every screen is looked at: nothing wraps, no name, digest or hint is cut,
a bar moves. PLUMB_SCREENS=FOLDER keeps the screens."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

import harness
import terminal

WIDTHS = (60, 80, 120)
# Names as people give them to quantisations: it is the end that says which one it is.
QUANTISED = 'tiny-shakespeare-instruct-v0.3-abliterated-{}.gguf'
CARD = '''---
license: apache-2.0
pipeline_tag: text-generation
library_name: transformers
base_model: lab/tiny-shakespeare
language: [en]
tags: [shakespeare, character-level, educational]
---
# Tiny Shakespeare

A character-level GPT-2 of {params} parameters that was trained for three thousand steps on the works of Shakespeare. It is
small enough to be run anywhere, and good enough to show that a checkpoint computes what it should.

- **Intended use**: tests and lessons. It is of no use for anything else, whatever anybody says about it.
- See [the recipe](https://models.example.org/recipes/tiny-shakespeare) for how it was made.
'''


class Journey:
    """One person at one terminal with a server of their own."""

    def __init__(self, test, width):
        self.test = test
        self.width = width
        self.tmp = test.tmp / f'{width}'
        self.tmp.mkdir()
        self.server = harness.Server(self.tmp / 'data').start()
        self.env = harness.clean_environment(self.tmp / 'home')
        self.env.update(PLUMB_REGISTRY=self.server.address, PLUMB_TOKEN=self.server.admin_token,
                        PATH=f'{harness.BIN}:{os.environ["PATH"]}')
        self.terminal = terminal.Terminal(f'plumb-{os.getpid()}-{width}', width, self.tmp, self.env)
        self.shots = []
        self.failures = []

    def close(self):
        self.terminal.close()
        self.server.close()

    def fail(self, screen, message):
        self.failures.append(f'{self.width} columns, {" ".join(screen.command)}: {message}\n{screen.text}')

    def see(self, *words, code='done', shows=(), watch=None, verbatim=False):
        """Runs `plumb WORDS`; the screen must show each of `shows`, whatever line breaks stand in it."""
        screen = self.terminal.run(['plumb', *map(str, words)], watch)
        self.shots.append(screen)
        if screen.code != harness.EXIT[code]:
            self.fail(screen, f'exit code {screen.code}, expected {harness.EXIT[code]}')
        for problem in screen.problems(verbatim):
            self.fail(screen, problem)
        for text in shows:
            if text not in screen.flowing():
                self.fail(screen, f'{text!r} is missing or cut')
        return screen

    def quietly(self, *words):
        subprocess.run(['plumb', *map(str, words), '--quiet'], cwd=self.tmp, env=self.env, check=True,
                       capture_output=True)

    def model_folder(self, name):
        folder = self.tmp / name
        shutil.copytree(harness.FAMILY / 'step-3000', folder)
        (folder / 'model-bf16.safetensors').unlink()
        (folder / 'README.md').write_text(CARD.replace('{params}', '830,000'))
        return folder

    def researcher(self):
        folder = self.model_folder('tiny')
        self.see(shows=['publish, push', 'Learn more: plumb COMMAND --help'])
        self.see('publish', '--help', shows=['--no-value-check', '--license SPDX', 'Usage: plumb publish [flags] REF DIR'])
        self.see('publish', 'lab/tiny-shakespeare@v1', 'tiny', '--recipe', harness.RECIPE,
                 shows=['lab/tiny-shakespeare@v1', 'Digest'])
        self.see('publish', 'lab/tiny-shakespeare@v1', 'tin', code='not found', shows=['no such file or directory: tin'])
        for kind in ('q8_0', 'q4_0'):
            self.quietly('convert', 'tiny/model.safetensors', f'tiny/{QUANTISED.format(kind.upper())}', '--dtype', kind,
                         '--keep-names')
        config = (folder / 'config.json').read_text()
        (folder / 'config.json').write_text(config.replace('"attn_pdrop": 0.0', '"attn_pdrop": 0.125'))
        self.see('publish', 'lab/tiny-shakespeare@v2', 'tiny', '--parent', 'lab/tiny-shakespeare@v1', '--tag', 'latest',
                 shows=['lab/tiny-shakespeare@v2'])
        self.see('list', shows=['lab/tiny-shakespeare', 'v2'])
        self.see('list', 'lab/tiny-shakespeare', shows=['v1', 'v2', 'latest'])
        self.see('list', 'lab/tiny-shakespeare', '--tags', shows=['latest', 'v2'])
        self.see('show', 'lab/tiny-shakespeare',
                 shows=['text-generation', 'transformers', 'gguf, safetensors', 'Base model', 'Apache-2.0'])
        self.see('show', 'lab/tiny-shakespeare@v2', '--changes', shows=['attn_pdrop', '0.125', 'since lab/tiny-shakespeare@v1'])
        self.see('show', 'lab/tiny-shakespeare@v1', '--recipe', verbatim=True)
        self.see('card', 'tiny', shows=['Tiny Shakespeare', 'the recipe <https://models.example.org/recipes/tiny-shakespeare>',
                                        'whatever anybody says about it.'])
        self.see('tag', 'lab/tiny-shakespeare@v1', 'stable')
        self.see('tag', '--history', 'lab/tiny-shakespeare', 'stable', shows=['admin'])
        self.see('yank', 'lab/tiny-shakespeare@v1', '--reason', 'the tokenizer of this release was cut short by a bug')
        self.see('list', 'lab/tiny-shakespeare', shows=['yanked: the tokenizer of this release was cut short by a bug'])

    def start_a_registry(self):
        """A registry at a terminal: says where it serves, and ends when it is told so."""
        pane = self.terminal.start(['plumbd', '--data', 'own', '--listen', '127.0.0.1:0'])
        deadline = time.monotonic() + 30
        while not any(line.startswith('plumbd ready on 127.0.0.1:') for line in self.terminal.capture(pane)):
            if time.monotonic() > deadline or self.terminal.ended(pane) is not None:
                raise RuntimeError('plumbd did not start:\n' + '\n'.join(self.terminal.capture(pane)))
            time.sleep(0.1)
        self.terminal.tmux('send-keys', '-t', pane, 'C-c')
        while self.terminal.ended(pane) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.terminal.ended(pane) != 0:
            self.failures.append(f'{self.width} columns: plumbd ended with {self.terminal.ended(pane)} after Ctrl-C')

    def operator(self):
        self.start_a_registry()
        self.server.process.send_signal(signal.SIGHUP)  # A new certificate, if there were one.
        self.see('admin', '--help')
        self.see('admin', 'token', 'create', 'ci-of-the-lab', '--scope', 'publish:lab', '--scope', 'read')
        self.see('admin', 'token', 'list', shows=['ci-of-the-lab', 'publish:lab, read'])
        self.see('admin', 'stats', shows=['Releases', 'On disk'])
        self.see('admin', 'gc', '--dry-run')
        self.see('admin', 'fsck')
        self.see('events', shows=['publish', 'lab/tiny-shakespeare@v1'])
        target = harness.Server(self.tmp / 'mirror').start()
        try:
            (self.tmp / 'mirror.token').write_text(target.admin_token)
            flags = ['--registry', target.address, '--token-file', 'mirror.token']
            self.see('login', self.server.address, '--token-file', 'data/admin.token')
            self.see('mirror', 'sync', self.server.address, *flags, shows=['2 releases', 'all verified'])
            self.see('list', 'lab/tiny-shakespeare', *flags, shows=['v2'])
        finally:
            target.close()
        self.see('list', '--registry', '127.0.0.1:9', code='network', shows=['127.0.0.1:9', 'plumbd --data DIR'])

    def consumer(self):
        self.see('search', 'shakespeare', 'lab', shows=['lab/tiny-shakespeare'])
        files = self.see('files', 'lab/tiny-shakespeare')
        for kind in ('Q8_0', 'Q4_0'):
            if not re.search(rf'-abliterated-{kind}\.gguf$', files.text, re.MULTILINE):
                self.fail(files, f'the end of the name of {kind} is cut')
        self.see('files', 'lab/tiny-shakespeare', '--tensors')
        self.see('inspect', 'lab/tiny-shakespeare')
        self.see('cat', 'lab/tiny-shakespeare', 'config.json', shows=['"attn_pdrop": 0.125'])
        self.see('cat', 'lab/tiny-shakespeare', 'model.safetensors', code='usage', shows=['not text'])
        self.see('card', 'lab/tiny-shakespeare', shows=['Tiny Shakespeare', 'text-generation'])
        self.pull_with_a_bar()
        self.see('verify', 'model', shows=['is intact'])
        self.see('inspect', f'model/{QUANTISED.format("Q8_0")}', '--stats')
        self.see('smoke', 'model', '--backend', 'reference,onednn', shows=['pass'])
        self.see('diff', 'lab/tiny-shakespeare@v1', 'lab/tiny-shakespeare@v2', shows=['attn_pdrop'])
        self.see('diff', 'model/model.safetensors', f'model/{QUANTISED.format("Q8_0")}', shows=['the same model'])
        self.see('pull', 'lab/tiny-shakespeare:v2', code='not found', shows=['did you mean lab/tiny-shakespeare@v2?'])
        self.see('pull', 'lab/tiny-shakespear', code='not found', shows=['did you mean lab/tiny-shakespeare?'])
        self.see('pull', f'lab/tiny-shakespeare/{QUANTISED.format("Q8_0")}', code='usage',
                 shows=['plumb cat lab/tiny-shakespeare'])
        (self.tmp / 'model' / 'config.json').write_text('{}')
        self.see('verify', 'model', code='verification', shows=['config.json', 'plumb pull lab/tiny-shakespeare@v2 model'])
        self.see('cache')

    def pull_with_a_bar(self):
        """Every look at the terminal while bytes arrive finds a bar, and not always the same one."""
        bars = []

        def watch(lines):
            line = lines[-1] if lines else ''
            if line.startswith('pull'):
                bars.append(line)
        # Digits as the tables print them.
        release = harness.json.loads(subprocess.run(['plumb', 'show', 'lab/tiny-shakespeare', '--json'], env=self.env,
                                                    capture_output=True, check=True).stdout)
        digits = release['digest'].removeprefix('sha256:')[:12]
        screen = self.see('pull', f'lab/tiny-shakespeare@{digits}', 'model', '--max-rate', '3MB', watch=watch,
                          shows=['lab/tiny-shakespeare@v2', 'all verified'])
        without = [line for line in bars if not re.search(r'\[[=> ]{6,}\]', line)]
        if without:
            self.fail(screen, f'no bar in {without[0]!r}')
        if len({re.search(r'\[([=> ]+)\]', line).group(1) for line in bars if line not in without}) < 2:
            self.fail(screen, f'the bar did not move: {bars}')
        if any(line.startswith('pull ') for line in screen.lines):
            self.fail(screen, 'the bar was left behind')

    def run(self):
        try:
            self.researcher()
            self.operator()
            self.consumer()
        except Exception as error:  # The thread's own: told by the test.
            self.failures.append(f'{self.width} columns: {error!r}')
        if folder := os.environ.get('PLUMB_SCREENS'):
            shots = (f'$ {" ".join(shot.command)}\n{shot.text}\n' for shot in self.shots)
            pathlib.Path(folder, f'{self.width}.txt').write_text('\n'.join(shots))


@unittest.skipUnless(terminal.Terminal.available(), 'tmux is not installed')
class NewcomerTest(harness.PlumbTest):
    start_server = False

    def test_three_journeys_at_three_widths(self):
        journeys = [Journey(self, width) for width in WIDTHS]
        try:
            threads = [threading.Thread(target=journey.run) for journey in journeys]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for journey in journeys:
                journey.close()
        failures = [failure for journey in journeys for failure in journey.failures]
        self.assertEqual(failures, [], '\n\n'.join(failures))


class LogTest(harness.PlumbTest):
    """Where no terminal is, or one that cannot draw."""

    def test_a_log_gets_a_plain_line_every_few_seconds(self):
        folder = self.tmp / 'model'
        folder.mkdir()
        (folder / 'blob.bin').write_bytes(os.urandom(8 << 20))
        self.plumb('publish', 'lab/blob@v1', folder, '--license', 'MIT', '--quiet')
        pull = self.plumb('pull', 'lab/blob', self.tmp / 'copy', '--no-cache', '--max-rate', '1MB')
        self.assertRegex(pull.err, r'(?m)^pull blob.bin: \d+%, [\d.]+ MiB / 8.0 MiB, .*/s')
        self.assertNotRegex(pull.err, r'[\x1b\r]')


if __name__ == '__main__':
    unittest.main()
