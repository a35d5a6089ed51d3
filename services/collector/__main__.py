"""`python -m services.collector`."""

if __name__ == "__main__":
    from services.common import garbage

    garbage.rest()
    from services.collector.server import main

    main()
