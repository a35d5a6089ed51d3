"""Roll-outs, losses and wrong settings in a cluster that runs, under load, with every answer checked."""
