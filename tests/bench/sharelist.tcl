# sharelist.tcl NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and all of them as a list.
# The loop's own time is measured in the same pass and subtracted.
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes count

proc item {k} {
  lindex [list [list int $k] [list float $k.25] [list str "text $k"] [list bytes "\xff $k"] [list bool [expr {$k % 2 == 0}]] \
            none [list int $k] [list float $k.25] [list str "text $k"]] [expr {$k % 9}]
}
for {set k 0} {$k < 1000} {incr k} {lappend items [item $k]}
set shared [polyshm::ShareableList create $name $items]
set values [$shared list]

proc loop {procedure statement} {
  proc $procedure {t v times} [string map [list STATEMENT $statement] {
    set start [yardstick::clock]
    for {set k 0} {$k < $times} {incr k} {
      for {set i 0} {$i < 1000} {incr i} {set x [lindex $v $i]; STATEMENT}
    }
    expr {[yardstick::clock] - $start}
  }]
}
loop empty {}
proc net {procedure values} {
  set times [expr {$::count / 1000}]
  expr {double([$procedure $::shared $values $times] - [empty $::shared $values $times]) / $::count}
}
proc whole {t times} {
  set start [yardstick::clock]
  for {set k 0} {$k < $times} {incr k} {$t list}
  expr {double([yardstick::clock] - $start) / $times}
}

loop get {$t get $i}
loop set_value {$t set $i $x}
loop set_item {$t set $i {*}$x}
loop get_first {$t get 0}
loop get_last {$t get 999}
interleave $passes {
  get ours {net get $::values} set ours {net set_value $::values} {set with its kind} ours {net set_item $::items}
}
interleave $passes {{get item 999} {get item 0} {net get_first $::values} {get item 999} ours {net get_last $::values}}
interleave $passes {{to list} ours {whole $::shared 20}}
$shared close
$shared unlink
