// The compiler takes a function without a body, as procPin is, in packages that have assembly.
