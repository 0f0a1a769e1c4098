"""Does something grow? Judged by figures taken at equal distances."""
import statistics

from real_servers import Failure

KIB = 1024


def settled(figures):
    """What it was once warm, and at the end: the medians of the second and the last quarter."""
    quarter = max(1, len(figures) // 4)
    return (statistics.median(figures[quarter:2 * quarter] or figures[:1]),
            statistics.median(figures[-quarter:]))


def require_no_growth(what, figures, share, bytes_more):
    """In words what it takes, and by how much it grew. Failure beyond share of it + bytes_more."""
    before, after = settled(figures)
    words = f"{what} {after / KIB:.0f} KiB, {(after - before) / KIB:+.0f} KiB since it was warm"
    if after - before > before * share + bytes_more:
        raise Failure(f"grows: {words} (allowed: {share:.0%} and {bytes_more / KIB:.0f} KiB); "
                      f"all figures: {[int(figure / KIB) for figure in figures]}")
    return words
