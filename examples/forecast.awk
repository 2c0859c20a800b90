# What a study costs: sums what `train --dry-run -j 1` said. Each line of the input has a label, a file with its output, and,
# where a student is distilled, a file with its teacher's; lines with one label are summed.
#
# A step of a student also passes its batch forward through the teacher, which is a third of the work of a teacher's step:
# that is estimated here, and not timed. What the teacher's runs spend on dynamics is none of it. Of memory a teacher takes
# little, as it keeps nothing for a way back: its student's stands for both.

function seconds(value, unit) { return value * (unit ~ /^h/ ? 3600 : unit ~ /^min/ ? 60 : 1) }

# Reads a dry run: seconds on a core, runs, and MB of output and memory.
function load(file,   line, field) {
  if (file in took) return
  while ((getline line < file) > 0) {
    split(line, field, /  +/)
    if (field[1] == "runs") runs[file] = field[2]
    if (field[1] == "time") took[file] = seconds(field[2], field[3])
    if (field[1] == "of that for dynamics") dynamics[file] = seconds(field[2], field[3])
    if (field[1] == "output") output[file] = field[2]
    if (field[1] == "peak memory") memory[file] = field[2]
  }
  close(file)
  if (!(file in took)) {
    printf "forecast: %s: is no output of train --dry-run\n", file > "/dev/stderr"
    failed = 1
    exit
  }
}

function period(time) {
  return time < 7200 ? sprintf("%.1f min", time / 60) : \
    time < 172800 ? sprintf("%.1f h", time / 3600) : sprintf("%.1f days", time / 86400)
}

function row(label, runs, time, output, memory) {
  printf "%-36s %7d %12.1f %11.1f %10.0f\n", label, runs, time / 3600, output / 1000, memory
}

{
  load($2)
  work = took[$2]
  if (NF > 2) {
    load($3)
    work += (took[$3] / runs[$3] - dynamics[$3]) * runs[$2] / 3
  }
  if (!($1 in all_runs)) label[++labels] = $1
  all_runs[$1] += runs[$2]
  all_time[$1] += work
  all_output[$1] += output[$2]
  if (memory[$2] > all_memory[$1]) all_memory[$1] = memory[$2]
  block = work / runs[$2] * (runs[$2] < 10 ? runs[$2] : 10)
  if (block > longest) longest = block
}

END {
  if (failed) exit 1
  printf "%-36s %7s %12s %11s %10s\n", "", "runs", "core hours", "output, GB", "memory, MB"
  for (i = 1; i <= labels; i++) {
    l = label[i]
    row(l, all_runs[l], all_time[l], all_output[l], all_memory[l])
    sum_runs += all_runs[l]
    sum_time += all_time[l]
    sum_output += all_output[l]
    if (all_memory[l] > most) most = all_memory[l]
  }
  row("in all", sum_runs, sum_time, sum_output, most)
  printf "on 1, 16 and 1000 cores: %s, %s and %s; the longest ten runs take %s on one\n", \
    period(sum_time), period(sum_time / 16), period(sum_time / 1000), period(longest)
}
