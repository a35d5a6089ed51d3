"""Posts what happens to models: `python webhook.py localhost:8401 http://localhost:9000/ places.json`."""

import asyncio
import json
import os
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from google.protobuf.json_format import MessageToDict

from hedgerow.client.history import watch_models

registry, url, places = sys.argv[1], sys.argv[2], Path(sys.argv[3])
after = json.loads(places.read_text()) if places.exists() else {}


async def post_all() -> None:
    """Post each event as it comes, and note that it was taken; begin where the last run ended."""
    async for seen in watch_models(registry, after=after, from_beginning=True):
        # A snapshot is in place of events that are not in the log any more.
        for kind in ("event", "snapshot"):
            if (what := getattr(seen, kind)) is not None:
                said = {"data_type": seen.data_type, "id": seen.id, kind: MessageToDict(what)}
                await until_taken(said)
        if seen.id:
            after[seen.data_type] = seen.id
            note()


async def until_taken(said: dict[str, Any]) -> None:
    """Post something again and again until the receiver has taken it."""
    post = Request(url, json.dumps(said).encode(), {"Content-Type": "application/json"})
    while True:
        try:
            return await asyncio.to_thread(lambda: urlopen(post, timeout=10).close())
        except (OSError, HTTPException) as error:
            print(f"{url}: {error}; trying again", file=sys.stderr)
            await asyncio.sleep(1)


def note() -> None:
    """Write down what was taken, whole or not at all: this may be killed in the middle of it."""
    written = places.with_suffix(".new")
    written.write_text(json.dumps(after))
    os.replace(written, places)


asyncio.run(post_all())
