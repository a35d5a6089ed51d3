if __name__ == "__main__":  # model hosts import this module again; that must cost nothing
    from services.common import garbage

    garbage.rest()
    from services.executor.server import main

    main()
