"""Posts what happens to models: `python webhook.py localhost:8401 http://localhost:9000/ places.json`."""

import asyncio
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from google.protobuf.json_format import MessageToDict

from hedgerow.client.history import watch_models

registry, url, places = sys.argv[1], sys.argv[2], Path(sys.argv[3])
after = json.loads(places.read_text()) if places.exists() else {}


async def post_all() -> None:
    """Post each event as it comes, and note that it was taken; begin where the last run ended."""
    async for seen in watch_models(registry, after=after, from_beginning=True):
        if seen.event is not None:
            said = {"data_type": seen.data_type, "id": seen.id, **MessageToDict(seen.event)}
            post = Request(url, json.dumps(said).encode(), {"Content-Type": "application/json"})
            await asyncio.to_thread(urlopen, post, timeout=10)
        if seen.id:
            after[seen.data_type] = seen.id
            await asyncio.to_thread(places.write_text, json.dumps(after))


asyncio.run(post_all())
