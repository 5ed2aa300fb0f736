"""A proxy between a client and PostgreSQL's socket that delays every byte by a fixed time each way and counts round
trips (a client's burst after an answer). Started by bench.py; also `delay.py LISTEN_SOCKET SERVER_SOCKET SECONDS`."""

import asyncio
import collections
import os
import sys


class Proxy:
    def __init__(self, listen, server, delay):
        self.listen, self.server, self.delay = listen, server, delay
        self.round_trips = 0

    async def pump(self, reader, writer, session, upstream):
        """Forwards with a constant delay, not a pause: bytes in flight do not hold up those behind them."""
        queue, arrived, loop = collections.deque(), asyncio.Event(), asyncio.get_running_loop()

        async def send():
            while True:
                while not queue:
                    arrived.clear()
                    await arrived.wait()
                due, data = queue.popleft()
                await asyncio.sleep(max(0, due - loop.time()))
                if data is None:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        sender = asyncio.create_task(send())
        try:
            while data := await reader.read(65536):
                if upstream and session["answered"]:
                    self.round_trips += 1
                session["answered"] = not upstream
                queue.append((loop.time() + self.delay, data))
                arrived.set()
        except ConnectionError:
            pass
        queue.append((loop.time() + self.delay, None))
        arrived.set()
        await sender

    async def client(self, reader, writer):
        up_reader, up_writer = await asyncio.open_unix_connection(self.server)
        session = {"answered": True}
        await asyncio.gather(
            self.pump(reader, up_writer, session, True),
            self.pump(up_reader, writer, session, False),
            return_exceptions=True,
        )

    async def serve(self):
        server = await asyncio.start_unix_server(self.client, self.listen)
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        # A line on standard input: print the count and start again from zero; end of input: stop.
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(self.round_trips, flush=True)
            self.round_trips = 0
        server.close()
        os._exit(0)


if __name__ == "__main__":
    asyncio.run(Proxy(sys.argv[1], sys.argv[2], float(sys.argv[3])).serve())
