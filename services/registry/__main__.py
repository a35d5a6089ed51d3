"""`python -m services.registry`."""

if __name__ == "__main__":
    from services.common import garbage

    garbage.rest()
    from services.registry.server import main

    main()
