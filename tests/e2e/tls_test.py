"""TLS with given certificates: trusted when told so, refused otherwise, and no token in the clear."""
import subprocess
import unittest

from harness import FAMILY, PlumbTest


class TlsTest(PlumbTest):
    start_server = False

    def setUp(self):
        super().setUp()
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
                        '-keyout', self.tmp / 'key.pem', '-out', self.tmp / 'cert.pem'], check=True, capture_output=True)
        self.server = self.new_server('data', ['--tls-cert', self.tmp / 'cert.pem', '--tls-key', self.tmp / 'key.pem'])
        self.use(self.server)

    def test_with_the_certificate_it_works(self):
        self.env['PLUMB_CA_FILE'] = str(self.tmp / 'cert.pem')
        self.plumb('publish', 'lab/tiny@v1', FAMILY / 'step-0', '--license', 'Apache-2.0', '--no-smoke')
        self.plumb('pull', 'lab/tiny@v1', self.tmp / 'pulled')
        self.plumb('verify', self.tmp / 'pulled')

    def test_a_stranger_is_not_trusted(self):
        self.plumb('list', '--tls', 'on', expect='network')

    def test_plain_text_gets_no_answer(self):
        self.plumb('list', '--tls', 'off', expect='network')


if __name__ == '__main__':
    unittest.main(verbosity=2)
