# The nearest of the names known=A,B,... to the name asked=N, whatever their case: the fewest letters to insert, leave out,
# change or swap with the next; a beginning counts as one away. Nothing where more than half of the letters differ.

function least(a, b) { return a < b ? a : b }

function distance(a, b,   m, n, i, j, cost, d) {
  m = length(a); n = length(b)
  for (i = 0; i <= m; i++) d[i, 0] = i
  for (j = 0; j <= n; j++) d[0, j] = j
  for (i = 1; i <= m; i++)
    for (j = 1; j <= n; j++) {
      cost = substr(a, i, 1) != substr(b, j, 1)
      d[i, j] = least(least(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + cost)
      if (i > 1 && j > 1 && substr(a, i, 1) == substr(b, j - 1, 1) && substr(a, i - 1, 1) == substr(b, j, 1))
        d[i, j] = least(d[i, j], d[i - 2, j - 2] + 1)
    }
  return d[m, n]
}

BEGIN {
  count = split(known, names, ",")
  best = length(asked) / 2 + 1
  for (i = 1; i <= count; i++) {
    away = distance(toupper(asked), toupper(names[i]))
    if (index(toupper(names[i]), toupper(asked)) == 1) away = least(away, 1)
    if (away < best) { best = away; found = names[i] }
  }
  print found
}
