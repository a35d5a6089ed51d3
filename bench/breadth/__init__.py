"""What many data types cost: all services on logs with one, ten, a hundred and a thousand of them."""
