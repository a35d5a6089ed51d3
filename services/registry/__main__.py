"""`python -m services.registry`."""

if __name__ == "__main__":
    from services.registry.server import main

    main()
