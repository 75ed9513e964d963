"""A server on the other side of the world: connections that take long to come about are waited for."""
import asyncio
import threading
import unittest

from harness import FAMILY, PlumbTest


class DistantProxy:
    """Passes bytes to a server, each a while after it came."""

    def __init__(self, address, delay_seconds):
        host, port = address.rsplit(':', 1)
        self.target = (host, int(port))
        self.delay = delay_seconds
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, '127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection(*self.target)
        await asyncio.gather(self.carry(reader, there_writer), self.carry(there_reader, writer))

    async def carry(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                self.loop.call_later(self.delay, writer.write, data)
        except (ConnectionError, asyncio.CancelledError):
            pass
        self.loop.call_later(self.delay, writer.close)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.set_exception_handler(lambda loop, context: None)  # What is cut off may say so to nobody.
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()


class DistantServerTest(PlumbTest):

    def test_the_first_connection_is_the_only_one(self):
        self.plumb('publish', 'lab/tiny@v1', FAMILY / 'step-0', '--license', 'Apache-2.0', '--no-smoke')
        proxy = DistantProxy(self.server.address, 0.4)
        self.addCleanup(proxy.close)
        listed = self.plumb('list', '--json', env={'PLUMB_REGISTRY': proxy.address})
        self.assertIn('lab/tiny', listed.out)
        self.assertEqual(proxy.connections, 1)


if __name__ == '__main__':
    unittest.main()
