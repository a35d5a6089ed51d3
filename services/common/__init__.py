"""What the services share: bootstrap, log, telemetry, settings, errors."""
