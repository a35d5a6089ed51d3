if __name__ == "__main__":  # model hosts import this module again; that must cost nothing
    from services.router.server import main

    main()
