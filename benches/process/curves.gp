# Draws the CSV files of the current directory as SVG: gnuplot ../../benches/process/curves.gp
set terminal svg size 640,400 background "white" font "sans-serif,12"
set datafile separator ","
set key autotitle columnhead left top
set grid
set style data linespoints

set output "trials.svg"
set title "Cost of a run by its number of trials"
set logscale xy
set xlabel "trials"
set ylabel "CPU seconds, MiB"
plot "trials.csv" using 1:2 title "CPU, files of 100 cases", "" using 1:3 title "peak memory, files of 100 cases", \
     "" using 1:4 title "CPU, rows of one case", "" using 1:5 title "peak memory, rows of one case"
unset logscale

set output "file-size.svg"
set title "800 cases, by the size of their files"
set xlabel "kB a file"
set ylabel "CPU seconds"
set yrange [0:*]
plot "file-size.csv" using 1:2 title "passing", "" using 1:4 title "failing"

set output "failing-share.svg"
set title "1,000 cases, by the share that fails"
set xlabel "per cent failing"
set ylabel "CPU seconds"
set y2label "MiB"
set y2tics
set y2range [0:*]
set key right bottom
plot "failing-share.csv" using 1:2 title "CPU", "" using 1:3 axes x1y2 title "peak memory"
unset y2label
unset y2tics

set output "latency.svg"
set title "200 cases, by concurrency, at three latencies of the target"
set xlabel "cases at a time"
set ylabel "wall time, ms"
set logscale xy
set yrange [*:*]
set key right top
plot "latency.csv" using 1:2 title "harness, 0 ms", "" using 1:3 title "floor, 0 ms", "" using 1:4 title "harness, 10 ms", \
     "" using 1:5 title "floor, 10 ms", "" using 1:6 title "harness, 50 ms", "" using 1:7 title "floor, 50 ms"
