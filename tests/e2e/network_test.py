"""Networks and servers as they are: frozen, restarted, behind proxies, with certificates that are wrong."""
import json
import os
import re
import signal
import subprocess
import time
import unittest

from harness import EXIT, PlumbTest, Server
from proxies import ConnectProxy

# What gRPC writes by itself: `E1130 09:13:27.123456 ...`.
TRANSPORT_LINE = re.compile(r'^[DIWE]\d{4} ', re.MULTILINE)
# MiB of a file of which what is on its way in sockets and queues is a small part.
IN_NO_BUFFER = 64
PROXY_VARIABLES = ('http_proxy', 'https_proxy', 'all_proxy', 'no_proxy')


def without_proxies(env):
    for name in list(env):
        if name.lower() in (*PROXY_VARIABLES, 'grpc_proxy'):
            del env[name]


class NetworkTest(PlumbTest):
    def setUp(self):
        super().setUp()
        without_proxies(self.env)

    def folder(self, mib=4):
        folder = self.tmp / f'model-{mib}'
        folder.mkdir(exist_ok=True)
        (folder / 'data.dat').write_bytes(os.urandom(mib << 20))
        return folder

    def finish(self, client, expect, timeout=120):
        out, err = client.communicate(timeout=timeout)
        self.assertEqual(client.returncode, EXIT[expect], f'stdout: {out}\nstderr: {err}')
        self.assertIsNone(TRANSPORT_LINE.search(err), err)
        return out, err

    def wait_for_bytes(self, count):
        """Until the server has so many bytes of an upload, or the time is over."""
        for _ in range(600):
            if sum(p.stat().st_size for p in (self.server.folder / 'packs').rglob('*') if p.is_file()) >= count:
                return
            time.sleep(0.05)
        self.fail('nothing arrives')


class InterruptTest(NetworkTest):
    def interrupted(self, client):
        _, err = self.finish(client, 'interrupted')
        self.assertIn('interrupted', err)
        self.assertIn('Run the same command again', err)

    def test_a_slow_publish_ends_when_told(self):
        for rate, number in (('100KB', signal.SIGINT), ('1k', signal.SIGTERM)):
            client = self.start_plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT', '--max-rate', rate)
            self.wait_for_bytes(1 if rate == '100KB' else 0)
            time.sleep(0.5)
            client.send_signal(number)
            self.interrupted(client)

    def test_a_slow_pull_ends_when_told(self):
        self.plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT')
        client = self.start_plumb('pull', 'lab/m@v1', self.tmp / 'a', '--no-cache', '--max-rate', '100KB')
        time.sleep(1)
        client.send_signal(signal.SIGINT)
        self.interrupted(client)

    def test_a_command_that_waits_for_a_frozen_server_ends_when_told(self):
        os.kill(self.server.process.pid, signal.SIGSTOP)
        client = self.start_plumb('list')
        time.sleep(1)
        client.send_signal(signal.SIGTERM)
        self.finish(client, 'interrupted')
        client = self.start_plumb('list', '--json')
        time.sleep(1)
        client.send_signal(signal.SIGTERM)
        _, err = self.finish(client, 'interrupted')
        self.assertEqual(json.loads(err)['code'], 130)

    def test_waiting_for_a_server_that_is_gone_ends_when_told(self):
        client = self.start_plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT', '--max-rate', '200KB',
                                  env={'PLUMB_RETRY_FOR': '10m'})
        self.wait_for_bytes(1)
        self.server.kill()
        time.sleep(2)
        client.send_signal(signal.SIGTERM)
        self.interrupted(client)


class FrozenServerTest(NetworkTest):
    def setUp(self):
        super().setUp()
        self.env['PLUMB_STALL_TIMEOUT'] = '2s'

    def freeze(self, server=None):
        os.kill((server or self.server).process.pid, signal.SIGSTOP)

    def stalled(self, client):
        _, err = self.finish(client, 'network')
        self.assertIn('no progress for 2 s', err)

    def test_a_publish_gives_up(self):
        client = self.start_plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT', '--max-rate', '500KB')
        self.wait_for_bytes(1)
        self.freeze()
        self.stalled(client)

    def test_a_pull_gives_up(self):
        self.plumb('publish', 'lab/m@v1', self.folder(IN_NO_BUFFER), '--license', 'MIT')
        client = self.start_plumb('pull', 'lab/m@v1', self.tmp / 'a', '--no-cache', '--max-rate', '16MB')
        time.sleep(1)
        self.freeze()
        self.stalled(client)

    def test_a_mirror_gives_up(self):
        self.plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT')
        target = self.new_server('mirror')
        self.freeze(target)
        client = self.start_plumb('mirror', 'sync', self.server.address,
                                  env={'PLUMB_REGISTRY': target.address, 'PLUMB_TOKEN': target.admin_token})
        self.stalled(client)

    def test_a_moment_does_no_harm(self):
        self.env['PLUMB_STALL_TIMEOUT'] = '60s'
        client = self.start_plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT', '--max-rate', '2MB')
        self.wait_for_bytes(1)
        self.freeze()
        time.sleep(2)
        os.kill(self.server.process.pid, signal.SIGCONT)
        self.finish(client, 'done')


class RestartTest(NetworkTest):
    def setUp(self):
        super().setUp()
        self.env['PLUMB_RETRY_FOR'] = '2m'

    def restart(self, server=None, seconds=4):
        server = server or self.server
        server.kill()
        time.sleep(seconds)
        server.start()

    def test_publish_and_pull_wait_and_go_on(self):
        folder = self.folder(IN_NO_BUFFER)
        client = self.start_plumb('publish', 'lab/m@v1', folder, '--license', 'MIT', '--max-rate', '16MB')
        self.wait_for_bytes(1)
        self.restart()
        _, err = self.finish(client, 'done')
        self.assertRegex(err, rf'waiting up to \d:\d\d for {self.server.address}: ')
        client = self.start_plumb('pull', 'lab/m@v1', self.tmp / 'a', '--no-cache', '--max-rate', '16MB')
        time.sleep(1)
        self.restart()
        _, err = self.finish(client, 'done')
        self.assertIn('waiting up to', err)
        self.assertEqual((self.tmp / 'a' / 'data.dat').read_bytes(), (folder / 'data.dat').read_bytes())

    def test_a_mirror_waits_for_either(self):
        for i in range(3):
            folder = self.folder(i + 4)
            self.plumb('publish', f'lab/m{i}@v1', folder, '--license', 'MIT')
        target = self.new_server('mirror')
        env = {'PLUMB_REGISTRY': target.address, 'PLUMB_TOKEN': target.admin_token}
        client = self.start_plumb('mirror', 'sync', self.server.address, env=env)
        time.sleep(0.2)
        self.restart(seconds=1)
        self.restart(target, seconds=1)
        self.finish(client, 'done')
        self.assertTrue(self.plumb('admin', 'fsck', '--json', env=env).json['ok'])
        self.assertEqual(len(self.plumb('list', '--json', env=env).json['models']), 3)

    def test_a_watcher_follows_from_where_it_was(self):
        client = self.start_plumb('events', '--watch', '--json')
        folder = self.folder(1)
        self.plumb('publish', 'lab/m@v1', folder, '--license', 'MIT')
        first = json.loads(client.stdout.readline())
        self.restart(seconds=1)
        self.plumb('tag', 'lab/m@v1', 'stable')
        second = json.loads(client.stdout.readline())
        self.assertEqual((first['sequence'], second['sequence']), (1, 2))
        client.send_signal(signal.SIGTERM)
        self.finish(client, 'interrupted')

    def test_after_a_while_it_gives_up_and_says_how_to_go_on(self):
        client = self.start_plumb('publish', 'lab/m@v1', self.folder(), '--license', 'MIT', '--max-rate', '1MB',
                                  '--retry-for', '2s')
        self.wait_for_bytes(1)
        self.server.kill()
        _, err = self.finish(client, 'network')
        self.assertIn('run the same command again', err)

    def test_who_says_how_long_waits_for_a_first_start_too(self):
        self.server.kill()
        client = self.start_plumb('list')
        time.sleep(1.5)
        self.server.start()
        self.finish(client, 'done')


class RateTest(NetworkTest):
    def test_rates_are_as_people_write_them(self):
        folder = self.folder(1)
        for i, rate in enumerate(('1.5GB', '500MiB', '900M/s', '0')):
            self.plumb('publish', f'lab/m@v{i}', folder, '--license', 'MIT', '--max-rate', rate)
        for rate in ('-1', 'fast', '1.2.3', '', '5 apples'):
            result = self.plumb('publish', 'lab/m@w', folder, '--license', 'MIT', '--max-rate', rate, expect='usage')
            self.assertIn('--max-rate', result.err)
        self.plumb('pull', 'lab/m@v1', self.tmp / 'a', '--streams', '-1', expect='usage')


class ProxyTest(NetworkTest):
    NAME = 'registry.plumb.test:7070'

    def proxy(self, **kwargs):
        proxy = ConnectProxy({self.NAME: self.server.address}, **kwargs)
        self.addCleanup(proxy.close)
        return proxy

    def remote(self, **more):
        return {'PLUMB_REGISTRY': self.NAME, 'PLUMB_TLS': 'off', **more}

    def test_this_machine_is_never_reached_through_one(self):
        proxy = self.proxy()
        for name in ('http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'grpc_proxy'):
            port = self.server.address.rsplit(':', 1)[1]
            for address in (self.server.address, f'localhost:{port}', f'0.0.0.0:{port}'):
                self.plumb('list', env={name: f'http://{proxy.address}', 'PLUMB_REGISTRY': address})
        self.assertEqual(proxy.requests, [])

    def test_others_are(self):
        proxy = self.proxy(credentials='me:se cret')
        env = self.remote(http_proxy=f'http://me:se%20cret@{proxy.address}')
        self.plumb('publish', 'lab/m@v1', self.folder(1), '--license', 'MIT', env=env)
        self.plumb('pull', 'lab/m@v1', self.tmp / 'a', '--no-cache', env=env)
        self.assertEqual(set(proxy.requests), {f'CONNECT {self.NAME} HTTP/1.1'})

    def test_no_proxy_goes_around_it(self):
        proxy = self.proxy()
        env = self.remote(http_proxy=f'http://{proxy.address}', no_proxy='.plumb.test')
        self.plumb('list', env=env, expect='network')
        self.assertEqual(proxy.requests, [])

    def test_the_error_names_the_proxy_and_no_secret(self):
        refusing = ConnectProxy()
        self.addCleanup(refusing.close)
        for address, words in ((refusing.address, '403 Forbidden'), ('127.0.0.1:9', 'refused')):
            result = self.plumb('list', env=self.remote(http_proxy=f'http://me:secret@{address}'), expect='network')
            self.assertIn(f'through the proxy {address} of http_proxy', result.err)
            self.assertIn(words, result.err)
            self.assertIn('no_proxy', result.err)
            self.assertNotIn('secret', result.err)
        result = self.plumb('list', env=self.remote(all_proxy='socks5://me:secret@127.0.0.1:9'), expect='usage')
        self.assertIn('all_proxy', result.err)
        self.assertNotIn('secret', result.err)


class CertificateTest(NetworkTest):
    start_server = False

    def certificate(self, name, hosts='DNS:localhost,IP:127.0.0.1', dates=None):
        """A self-signed pair; `dates`: from, to, as openssl writes them."""
        key, pem = self.tmp / f'{name}.key', self.tmp / f'{name}.pem'
        new = ['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
               f'/CN={name}', '-addext', f'subjectAltName={hosts}', '-keyout', key]
        if dates is None:
            subprocess.run([*new, '-x509', '-days', '2', '-out', pem], check=True, capture_output=True)
            return pem, key
        request, config = self.tmp / f'{name}.csr', self.tmp / f'{name}.cnf'
        subprocess.run([*new, '-out', request], check=True, capture_output=True)
        (self.tmp / 'index').write_text('')
        (self.tmp / 'serial').write_text('01')
        config.write_text(f'[ca]\ndefault_ca=x\n[x]\ndatabase={self.tmp}/index\nserial={self.tmp}/serial\n'
                          f'new_certs_dir={self.tmp}\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n'
                          '[p]\ncommonName=supplied\n')
        subprocess.run(['openssl', 'ca', '-batch', '-selfsign', '-config', config, '-keyfile', key, '-in', request,
                        '-out', pem, '-startdate', dates[0], '-enddate', dates[1]], check=True, capture_output=True)
        return pem, key

    def serve(self, pem, key):
        server = self.new_server(f'data-{pem.stem}', ['--tls-cert', pem, '--tls-key', key])
        self.use(server)
        return server

    def fails(self, *flags, words, advice):
        result = self.plumb('list', *flags, expect='network', env={'PLUMB_RETRY_FOR': ''})
        self.assertIn(words, result.err)
        self.assertIn(advice, result.err)
        self.assertNotIn('plumbd --data', result.err)
        self.assertIsNone(TRANSPORT_LINE.search(result.err), result.err)
        with_log = self.plumb('list', *flags, '--json', expect='network',
                              env={'PLUMB_RETRY_FOR': '', 'GRPC_VERBOSITY': 'debug', 'GRPC_TRACE': 'http'})
        self.assertIn(words, json.loads(with_log.err)['error'])

    def test_each_fault_has_its_own_advice(self):
        pem, key = self.certificate('good')
        server = self.serve(pem, key)
        self.plumb('list', '--tls', 'on', '--ca-file', pem)
        self.fails('--tls', 'on', words='issued by', advice='--ca-file')
        self.fails(words='speaks TLS', advice='--tls on')
        stranger, key = self.certificate('stranger', hosts='DNS:other.example')
        self.serve(stranger, key)
        self.fails('--ca-file', stranger, words='for other.example, not for 127.0.0.1', advice='name that')
        old, key = self.certificate('old', dates=('20200101000000Z', '20200102030405Z'))
        self.serve(old, key)
        self.fails('--ca-file', old, words='expired on 2020-01-02 03:04 UTC', advice='clock')
        plain = self.new_server('plain')
        self.use(plain)
        self.fails('--tls', 'on', words='does not speak TLS', advice='--tls off')

    def test_a_new_certificate_is_taken_without_a_restart(self):
        pem, key = self.certificate('first')
        server = self.serve(pem, key)
        self.plumb('list', '--ca-file', pem)
        second, second_key = self.certificate('second')
        pem.write_bytes(second.read_bytes())
        os.kill(server.process.pid, signal.SIGHUP)  # The key is the old one: nothing changes, and nobody dies.
        time.sleep(0.5)
        self.plumb('list', '--ca-file', second, expect='network', env={'PLUMB_RETRY_FOR': ''})
        key.write_bytes(second_key.read_bytes())
        os.kill(server.process.pid, signal.SIGHUP)
        for _ in range(50):
            if self.plumb('list', '--ca-file', second, expect=None, env={'PLUMB_RETRY_FOR': ''}).code == 0:
                break
            time.sleep(0.1)
        self.plumb('list', '--ca-file', second)


class OperatorTest(NetworkTest):
    start_server = False

    def log(self, server):
        return (self.tmp / f'{server.folder.name}.log').read_text()

    def test_the_log_says_what_serves_and_who_was_refused(self):
        server = self.new_server('data', ['--log-level', 'debug'])
        self.use(server)
        self.plumb('publish', 'lab/m@v1', self.folder(1), '--license', 'MIT')
        self.plumb('list', env={'PLUMB_TOKEN': 'plumb_' + 'x' * 43}, expect='permission')
        server.stop()
        server.start()
        log = self.log(server)
        self.assertRegex(log, r'(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info plumbd \S+ serves \S+/data on '
                              r'127\.0\.0\.1:\d+ \(plain text\), reading without a token$')
        self.assertRegex(log, r'1 releases, 1 chunks|1 releases, \d+ chunks')
        self.assertRegex(log, r'warning refused 127\.0\.0\.1:\d+: the token is not valid')
        self.assertRegex(log, r'debug /plumb\.v1\.PublishingService/CommitRelease from 127\.0\.0\.1:\d+: OK')
        self.assertNotIn('cross the network', log)

    def test_plain_text_for_everybody_is_warned_of(self):
        server = self.new_server('data')
        server.kill()
        server.address = '0.0.0.0:0'
        server.start()
        self.assertIn('plain text', self.log(server).split('cross the network')[1])

    def test_a_taken_port_leaves_nothing_behind(self):
        server = self.new_server('data')
        other = Server(self.tmp / 'other')
        self.addCleanup(other.close)
        other.address = server.address
        with self.assertRaises(RuntimeError):
            other.start()
        self.assertFalse((self.tmp / 'other').exists())
        self.assertIn('in use', (self.tmp / 'other.log').read_text())


if __name__ == '__main__':
    unittest.main(verbosity=2)
