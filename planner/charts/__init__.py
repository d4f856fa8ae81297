"""From a plan to charts: style (colours, axes, labels), mix, spend, commitment."""
