"""Middleware: what counts, times and sizes the requests of a server.

`asgi.py` for Starlette, FastAPI, Litestar, Quart and any ASGI 3 application; `wsgi.py` for Flask, Django and any WSGI
application; `django.py` as Django's own middleware; `grpc.py` and `grpc_aio.py` as interceptors of servers. They record
through `tykmetrics.requests` and `families.py`. Importing this package imports none of them, and no framework.
"""
