"""What goes over the wire: nothing twice, differences where a base is there, and from several registries at once."""
import pathlib
import socket
import sys
import threading
import time
import unittest

from harness import BIN, PlumbTest, flip_byte

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'bench'))
from models import write_bf16_model  # noqa: E402

MIB = 80


class Proxy(threading.Thread):
    """Forwards connections to an address, no faster than `bytes_per_second` towards the client; counts what it forwards."""

    def __init__(self, address, bytes_per_second=None):
        super().__init__(daemon=True)
        host, port = address.rsplit(':', 1)
        self.upstream = (host, int(port))
        self.rate = bytes_per_second
        self.forwarded = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'127.0.0.1:{self.listener.getsockname()[1]}'
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.upstream)
            threading.Thread(target=self.pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, self.rate), daemon=True).start()

    def pump(self, source, sink, rate):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                if source.getpeername() == self.upstream:
                    self.forwarded += len(data)
                if rate:
                    time.sleep(len(data) / rate)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()


class TransferTest(PlumbTest):
    def setUp(self):
        super().setUp()
        self.first = write_bf16_model(BIN, self.tmp / 'first' / 'model.safetensors', MIB, seed=1)
        self.size = self.first.stat().st_size
        self.plumb('publish', 'lab/model@v1', self.first.parent, '--license', 'MIT', '--quiet')

    def pull(self, folder, *flags, version='v1', **kwargs):
        return self.plumb('pull', f'lab/model@{version}', self.tmp / folder, '--json', *flags, **kwargs)

    def check(self, folder, expected):
        self.assertEqual((self.tmp / folder / 'model.safetensors').read_bytes(), expected.read_bytes())

    def add_mirror(self, name='mirror'):
        mirror = self.new_server(name)
        self.plumb('mirror', 'sync', self.server.address, '--quiet',
                   env={'PLUMB_REGISTRY': mirror.address, 'PLUMB_TOKEN': mirror.admin_token})
        return mirror

    def test_a_pull_is_smaller_than_the_model(self):
        result = self.pull('a', '--no-cache').json
        self.assertLess(result['downloaded_bytes'], 0.67 * self.size)
        self.assertEqual(result['bytes'], self.size)
        self.check('a', self.first)

    def test_after_ten_percent_changed_ten_percent_travel(self):
        changed = write_bf16_model(BIN, self.tmp / 'changed' / 'model.safetensors', MIB, seed=1, changed=(2, 10))
        before = self.plumb('admin', 'stats', '--json').json['stored_bytes']
        self.plumb('publish', 'lab/model@v2', changed.parent, '--license', 'MIT', '--quiet')
        added = self.plumb('admin', 'stats', '--json').json['stored_bytes'] - before
        self.assertLess(added, 0.07 * self.size)
        self.pull('a', '--no-cache')
        result = self.pull('a', '--no-cache', version='v2').json
        self.assertLess(result['downloaded_bytes'], 0.07 * self.size)
        self.check('a', changed)
        self.assertEqual(self.pull('a', '--no-cache', version='v2').json['downloaded_bytes'], 0)

    def fine_tune(self):
        """The first model with every value changed by a thousandth or so."""
        return write_bf16_model(BIN, self.tmp / 'tuned' / 'model.safetensors', MIB, seed=1, tuned=(3, 1e-3))

    def test_a_fine_tune_is_kept_and_sent_as_a_difference(self):
        tuned = self.fine_tune()
        before = self.plumb('admin', 'stats', '--json').json['stored_bytes']
        self.plumb('publish', 'lab/model@v2', tuned.parent, '--license', 'MIT', '--parent', 'lab/model@v1', '--quiet')
        added = self.plumb('admin', 'stats', '--json').json['stored_bytes'] - before
        self.assertLess(added, 0.25 * self.size)
        self.assertTrue(self.plumb('admin', 'fsck', '--json').json['ok'])
        # Without the parent the chunks come alone, with it as differences.
        alone = self.pull('alone', '--no-cache', version='v2').json
        self.check('alone', tuned)
        self.assertGreater(alone['downloaded_bytes'], 0.5 * self.size)
        self.pull('a', '--no-cache')
        on_top = self.pull('a', '--no-cache', version='v2').json
        self.check('a', tuned)
        self.assertLess(on_top['downloaded_bytes'], 0.25 * self.size)
        # The parent may be in the cache instead.
        self.pull('b')
        cached = self.pull('c', version='v2').json
        self.check('c', tuned)
        self.assertLess(cached['downloaded_bytes'], 0.25 * self.size)
        # A mirror keeps the difference too.
        mirror = self.add_mirror()
        env = {'PLUMB_REGISTRY': mirror.address, 'PLUMB_TOKEN': mirror.admin_token}
        theirs = self.plumb('admin', 'stats', '--json', env=env).json['stored_bytes']
        ours = self.plumb('admin', 'stats', '--json').json['stored_bytes']
        self.assertAlmostEqual(theirs / ours, 1, delta=0.01)
        self.pull('d', '--no-cache', version='v2', env=env)
        self.check('d', tuned)

    def test_a_base_that_was_changed_does_no_harm(self):
        tuned = self.fine_tune()
        self.plumb('publish', 'lab/model@v2', tuned.parent, '--license', 'MIT', '--parent', 'lab/model@v1', '--quiet')
        self.pull('a', '--no-cache')
        flip_byte(self.tmp / 'a' / 'model.safetensors', self.size // 2)
        self.pull('a', '--no-cache', version='v2')
        self.check('a', tuned)

    def test_several_sources_share_the_work(self):
        proxies = [Proxy(self.server.address), Proxy(self.add_mirror().address)]
        self.env['PLUMB_REGISTRY'] = proxies[0].address
        self.pull('a', '--no-cache', '--mirror', proxies[1].address, '--max-memory', '32MiB')
        self.check('a', self.first)
        for proxy in proxies:
            self.assertGreater(proxy.forwarded, 0.05 * self.size)

    def test_a_slow_source_loses_its_work(self):
        slow = Proxy(self.add_mirror().address, bytes_per_second=100_000)
        self.pull('a', '--no-cache', '--mirror', slow.address, '--max-memory', '32MiB')
        self.check('a', self.first)
        self.assertLess(slow.forwarded, 0.2 * self.size)

    def test_a_source_that_goes_away_costs_nothing(self):
        mirror = self.add_mirror()
        client = self.start_plumb('pull', 'lab/model@v1', self.tmp / 'a', '--no-cache', '--mirror', mirror.address, '--max-rate', '50MB')
        time.sleep(0.5)
        mirror.kill()
        _, err = client.communicate(timeout=120)
        self.assertEqual(client.returncode, 0, err)
        self.check('a', self.first)

    def test_a_source_that_cannot_be_reached_is_left_out(self):
        result = self.pull('a', '--no-cache', '--mirror', '127.0.0.1:9')
        self.check('a', self.first)
        self.assertIn('127.0.0.1:9', result.err)

    def test_a_lying_source_is_found_out(self):
        mirror = self.add_mirror()
        pack = mirror.largest_pack()
        for i in range(40):
            flip_byte(pack, 100_000 + i * (pack.stat().st_size - 200_000) // 40)
        result = self.pull('a', '--no-cache', '--mirror', mirror.address)
        self.check('a', self.first)
        self.assertIn(mirror.address, result.err)
        self.assertIn('dropped', result.err)


if __name__ == '__main__':
    unittest.main(verbosity=2)
