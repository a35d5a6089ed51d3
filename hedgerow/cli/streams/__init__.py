"""`hedgerow stream`: records into streams, and scores out of them."""
