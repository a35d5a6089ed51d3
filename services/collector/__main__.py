"""`python -m services.collector`."""

if __name__ == "__main__":
    from services.collector.server import main

    main()
