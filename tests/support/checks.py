"""What a test finds wrong: it goes on, and tells of all of it at the end."""
failures = []


def check(what, holds, seen=""):
    if not holds:
        failures.append(f"{what}: {str(seen)[:2000]}")


def verdict():
    """Prints what failed; returns the test's exit status."""
    for failure in failures:
        print("FAIL", failure)
    return 1 if failures else 0
