# chart.tcl NAME: draws what the sampler and the statistics wrote, until there is no more.
package require polyshm

set bars {▁ ▂ ▃ ▄ ▅ ▆ ▇ █}
set slots 64
set live [expr {[lindex $argv 1] eq "live"}]

proc sparkline {view taken} {
    set line ""
    for {set k [expr {max(0, $taken - 40)}]} {$k < $taken} {incr k} {
        set percent [$view get [expr {$k % $::slots}]]
        append line [lindex $::bars [expr {min(7, int($percent / 12.5))}]]
    }
    return $line
}

proc row {label view taken mean peak} {
    set now [$view get [expr {($taken - 1) % $::slots}]]
    format " %-9s %-40s %5.1f %%   mean %5.1f   peak %5.1f" $label [sparkline $view $taken] $now $mean $peak
}

proc draw {taken} {
    lassign [$::statistics list] cpu_mean cpu_peak memory_mean memory_peak
    if {$::live && $::drawn} {puts -nonewline "\x1b\[4A\x1b\[J"}
    puts " one segment, three languages: sample $taken"
    puts [row processor $::processor $taken $cpu_mean $cpu_peak]
    puts [row memory $::memory $taken $memory_mean $memory_peak]
    puts " Ruby samples, Lua computes, Tcl draws"
    flush stdout
    set ::drawn 1
}

fconfigure stdout -encoding utf-8
polyshm::with shm [polyshm::SharedMemory attach [lindex $argv 0] -readonly 1 -timeout 10] {
    set counts [$shm view int32 -offset 0 -count 4]
    set processor [$shm view float64 -offset 512 -count $slots]
    set memory [$shm view float64 -offset 1024 -count $slots]
    set statistics [$shm view float64 -offset 2048 -count 4]
    set drawn 0
    set shown 0
    # On a terminal each sample is drawn over the last; into a file goes one chart every five samples.
    set every [expr {$live ? 1 : 5}]
    while 1 {
        set news [$counts load 3]
        set covered [$counts get 2]
        set last [expr {[$counts get 1] && $covered == [$counts get 0]}]
        if {$covered && ($covered >= $shown + $every || $last && $covered > $shown)} {
            draw $covered
            set shown $covered
        }
        if {$last} break
        $counts wait 3 $news
    }
    foreach view [list $counts $processor $memory $statistics] {$view destroy}
}
