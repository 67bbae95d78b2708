"""Report viewing: acquires the company's numbers, analyses them, draws them and hands them over."""
