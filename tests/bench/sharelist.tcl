# sharelist.tcl NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and all of them as a list.
# The loop's own time is measured in the same pass and subtracted.
# row: get | CPython <= 0.2
# row: set | CPython <= 0.2
# row: to list | CPython <= 0.2
# row: set with its kind | CPython: set
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

proc whole {t times} {
  set start [yardstick::clock]
  for {set k 0} {$k < $times} {incr k} {$t list}
  expr {double([yardstick::clock] - $start) / $times}
}

foreach {procedure statement} {
  empty {} get {$t get $i} set_value {$t set $i $x} set_item {$t set $i {*}$x} get_first {$t get 0} get_last {$t get 999}
} {
  loop $procedure "set x \[lindex \$v \$i\]; $statement"
}
interleave $passes {
  get ours {net get $::shared $::values $::count} set ours {net set_value $::shared $::values $::count}
  {set with its kind} ours {net set_item $::shared $::items $::count}
}
interleave $passes {
  {get item 999} {get item 0} {net get_first $::shared $::values $::count}
  {get item 999} ours {net get_last $::shared $::values $::count}
}
interleave $passes {{to list} ours {whole $::shared 20}}
$shared close
$shared unlink
