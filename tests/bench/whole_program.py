"""publish, pull, verify and smoke as whole programs, with the strongest peers beside each in the same run.

Prints seconds, GB/s, CPU seconds for each GB (client and server together where the server is ours), peak memory of the client, and our
time over each peer's; then the ratios that say how we stand, from measurements of the same round. Peers that are not installed are named
and left out (`deploy/packages bench` installs them).
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from harness import BIN, FAMILY, Server, clean_environment  # noqa: E402
from measure import Ratio, Table, bare_hash_rate, timed, timed_with_server, warm_up_memory  # noqa: E402
from models import write_bf16_model  # noqa: E402
from peers import Borg, Casync, GitLfs, Nginx, Registry, Restic  # noqa: E402

STORES = (Restic, Registry, Borg, GitLfs, Casync)
# Runs of what is over in half a second.
SHORT_RUNS = 3


class Bench:
    def __init__(self, options):
        self.options = options
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix='plumb-bench-', dir=options.folder))
        self.env = clean_environment(self.tmp / 'home')
        (self.tmp / 'home').mkdir()
        self.env.update(RESTIC_PASSWORD='x', BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK='yes',
                        BORG_BASE_DIR=str(self.tmp / 'borg-home'))
        self.model = write_bf16_model(BIN, self.tmp / 'model' / 'model.safetensors', options.mib, seed=1)
        self.changed = write_bf16_model(BIN, self.tmp / 'changed' / 'model.safetensors', options.mib, seed=1, changed=(2, 10))
        self.bytes = self.model.stat().st_size
        self.table = Table(self.bytes / 1e9)
        self.facts = {}
        self.hash_rates = []  # Of each round: GB that the bare kernel hashes in a CPU second.
        self.stores = [kind for kind in STORES if options.stores is None or kind.__name__.lower() in options.stores]

    def warm(self):
        if self.options.warm:
            warm_up_memory()

    def plumb(self, server, *args):
        return timed_with_server([BIN / 'plumb', *args, '--quiet'], self.env, server.process.pid)

    def plumb_json(self, *args):
        done = subprocess.run([str(a) for a in (BIN / 'plumb', *args, '--quiet', '--json')], env=self.env, check=True, capture_output=True)
        return json.loads(done.stdout)

    def ours(self, round_number):
        server = Server(self.tmp / f'data-{round_number}').start()
        self.env.update(PLUMB_REGISTRY=server.address, PLUMB_TOKEN=server.admin_token)
        pulled = self.tmp / f'pulled-{round_number}'
        try:
            self.warm()
            self.table.add('publish', 'plumb', self.plumb(server, 'publish', 'lab/model@v1', self.model.parent, '--license', 'MIT'))
            self.facts['stored / plain'] = self.plumb_json('admin', 'stats')['stored_bytes'] / self.bytes
            self.warm()
            self.table.add('pull', 'plumb, verified and durable', self.plumb(server, 'pull', 'lab/model@v1', pulled, '--no-cache'))
            timed([BIN / 'plumb', 'verify', pulled, '--quiet'], self.env)  # A pull leaves nothing in the file cache.
            verified = [timed([BIN / 'plumb', 'verify', pulled, '--quiet'], self.env) for _ in range(SHORT_RUNS)]
            self.table.add('verify', 'plumb, every chunk', sorted(verified, key=lambda measured: measured.cpu)[SHORT_RUNS // 2])
            if (BIN / 'formats_bench').exists():
                self.hash_rates.append(bare_hash_rate(BIN / 'formats_bench'))
            self.table.add('publish again', 'plumb, 10 % changed',
                           self.plumb(server, 'publish', 'lab/model@v2', self.changed.parent, '--license', 'MIT', '--parent', 'lab/model@v1'))
            self.facts['wire / plain, 10 % changed'] = self.plumb_json('pull', 'lab/model@v2', pulled, '--no-cache')['downloaded_bytes'] / self.bytes
            self.facts['wire, nothing changed'] = self.plumb_json('pull', 'lab/model@v2', pulled, '--no-cache')['downloaded_bytes']
            status = pathlib.Path(f'/proc/{server.process.pid}/status').read_text()
            self.facts['peak memory of plumbd, MiB'] = int(status.split('VmHWM:')[1].split()[0]) / 1024
        finally:
            server.close()
            shutil.rmtree(pulled, ignore_errors=True)
            shutil.rmtree(server.folder, ignore_errors=True)

    def smoke(self):
        for backend in ('reference', 'onednn'):
            self.table.add('smoke', f'plumb, {backend}',
                           timed([BIN / 'plumb', 'smoke', FAMILY / 'step-3000', '--backend', backend, '--quiet'], self.env))
        program = ('import json,sys,torch\n'
                   'from transformers import AutoModelForCausalLM as M\n'
                   'from safetensors.torch import load_file\n'
                   'm=M.from_pretrained(sys.argv[1]).eval()\n'
                   'g=load_file(sys.argv[1]+"/golden.safetensors")\n'
                   'torch.no_grad().__enter__();m(g["input_ids"])\n')
        python = pathlib.Path.home() / '.cache/plumb-tests/transformers/bin/python'
        if self.options.peers and python.exists():
            self.table.add('smoke', 'PyTorch', timed([python, '-c', program, FAMILY / 'step-3000'], self.env))

    def peers(self):
        self.table.add('verify', 'openssl dgst -sha256', timed(['openssl', 'dgst', '-sha256', self.model], self.env))
        if self.options.stores is None and not Nginx.missing():
            web = Nginx(self.model, self.tmp / 'peer', self.env)
            try:
                self.warm()
                for name, measured in web.fetches():
                    self.table.add('pull', name, measured)
            finally:
                web.close()
        for kind in self.stores:
            if kind.missing():
                continue
            peer = kind(self.model, self.tmp / 'peer', self.env)
            try:
                self.warm()
                self.table.add('publish', kind.name, peer.publish())
                if self.options.stores is not None:
                    continue
                self.warm()
                self.table.add('pull', kind.name, peer.fetch())
            finally:
                peer.close()

    def run(self):
        try:
            for i in range(self.options.rounds):
                self.ours(i)
                if self.options.peers:
                    self.peers()
                if self.options.stores is None:
                    self.smoke()
            self.print()
        finally:
            shutil.rmtree(self.tmp, ignore_errors=True)

    def print(self):
        print(f'{self.bytes / 1e9:.2f} GB of bf16 N(0, 0.02), median of {self.options.rounds} round(s), {os.cpu_count()} cores, all on one disk')
        kinds = self.stores if self.options.stores else (*self.stores, Nginx)
        missing = sorted({p for kind in kinds for p in kind.missing()})
        if self.options.peers and missing:
            print(f'not installed, so not compared: {", ".join(missing)}')
        for name, value in self.facts.items():
            print(f'{name}: {value:.4g}')
        self.table.print()
        print()
        for ratio in self.ratios():
            ratio.print()

    def ratios(self):
        publish = self.table.rows['publish']
        first = [measured.seconds for measured in publish['plumb']]
        for kind in (Restic, Registry):
            if kind.name in publish:
                yield Ratio(f'publish, seconds, of {kind.name}', first, [measured.seconds for measured in publish[kind.name]])
        again = [measured.seconds for measured in self.table.rows['publish again']['plumb, 10 % changed']]
        yield Ratio('publish with 10 % changed, seconds, of the first', again, first)
        rates = [self.bytes / 1e9 / measured.cpu for measured in self.table.rows['verify']['plumb, every chunk']]
        if self.hash_rates:
            yield Ratio('verify, GB for each CPU second, of the bare hash kernel', rates, self.hash_rates)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--mib', type=int, default=1984, help='size of the model (1984: 2.08 GB)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--no-peers', dest='peers', action='store_false')
    parser.add_argument('--stores', type=lambda text: text.lower().split(','),
                        help='only these beside us, by the names of their classes (restic,registry), and only what the ratios need')
    parser.add_argument('--no-warm', dest='warm', action='store_false', help='do not touch memory before each run')
    parser.add_argument('--folder', help='where to work (a folder for temporary files)')
    Bench(parser.parse_args()).run()


if __name__ == '__main__':
    main()
