import ssl
import sys

import pika


def main(authority: str = "server.pem", port: str = "5671") -> None:
    context = ssl.create_default_context(cafile=authority)
    # context.load_cert_chain("client.pem", "client.key"): what a client shows where it is asked who it is
    tls = pika.SSLOptions(context, "localhost")
    with pika.BlockingConnection(pika.ConnectionParameters("localhost", int(port), ssl_options=tls)) as connection:
        channel = connection.channel()
        channel.queue_declare("hares", exclusive=True)
        channel.basic_publish("", "hares", b"a hare that nobody saw on its way")
        print(next(channel.consume("hares", auto_ack=True))[2].decode())


main(*sys.argv[1:])
