# polyshm.tcl: the facade. The module makes the objects and does all the work; here is what Tcl users expect around it:
# options, defaults, and scopes.
#
#   polyshm::SharedMemory create ?name? ?-size n? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#   polyshm::SharedMemory attach name ?-readonly bool? ?-any_owner bool? ?-timeout seconds?
#   polyshm::SharedMemory open name ?-size n? ?-mode 0600? ?-any_owner bool?
#   polyshm::SharedMemory new ?-name name? ?-create bool? ?-size n?
#   polyshm::SharedMemory unlink name
#   polyshm::ShareableList create ?name? items ?-reserve n? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#   polyshm::ShareableList attach name ?-readonly bool? ?-any_owner bool? ?-timeout seconds?
#   polyshm::ShareableList open name items ?-reserve n? ?-mode 0600? ?-any_owner bool?
#   polyshm::ShareableList new ?-sequence items? ?-name name?
#   polyshm::ShareableList unlink name
#   polyshm::Lock, polyshm::Semaphore (which has -count n), polyshm::Event:
#       create ?name? ?-mode 0600? ?-exclusive bool? ?-any_owner bool?
#       attach name ?-any_owner bool? ?-timeout seconds?
#       open name ?-mode 0600? ?-any_owner bool?
#       unlink name
#   polyshm::segments, polyshm::version, polyshm::page_size, polyshm::directory, polyshm::set_directory path
#   polyshm::with varName object ?-timeout seconds? script: the module's, as it is here
#
# README.md has the methods of the objects.

namespace eval ::polyshm {
    namespace export Event Lock Semaphore ShareableList SharedMemory directory page_size segments set_directory version with

    proc Misuse {code message} {
        return -code error -errorcode [list POLYSHM $code] $message
    }

    # The values of $options, a dict with the defaults, after the given ones have been laid over them.
    proc Options {options given} {
        foreach {option value} $given {
            if {![dict exists $options $option]} {
                Misuse ARGUMENT "unknown option \"$option\": the options are [join [dict keys $options] {, }]"
            }
            dict set options $option $value
        }
        if {[llength $given] % 2} {
            Misuse ARGUMENT "option \"$option\" needs a value"
        }
        return $options
    }

    proc Truth {options option} {
        set value [dict get $options $option]
        if {![string is boolean -strict $value]} {
            Misuse TYPE "option \"$option\" needs a boolean, not \"$value\""
        }
        return [expr {!!$value}]
    }

    proc Flags {options} {
        set flags 0
        foreach {option flag} [list -readonly $core::FLAG_READONLY -any_owner $core::FLAG_ANY_OWNER] {
            if {[dict exists $options $option] && [Truth $options $option]} {
                incr flags $flag
            }
        }
        return $flags
    }

    # Whether create is to attach where the name exists.
    proc Shared {options named} {
        if {[Truth $options -exclusive]} {
            return 0
        }
        if {!$named} {
            Misuse ARGUMENT "create: a name is needed, or -exclusive 1"
        }
        return 1
    }

    # A count that was left out stands for all from $start on. A bad start is left for the core to refuse.
    proc Rest {count total start} {
        if {$count ne ""} {
            return $count
        }
        expr {[string is entier -strict $start] && $start >= 0 && $start < $total ? $total - $start : 0}
    }

    proc version {} {
        core::version
    }

    proc page_size {} {
        core::page_size
    }

    # Where the names are.
    proc directory {} {
        core::directory
    }

    # Another directory than /dev/shm, before the first use of a name.
    proc set_directory {path} {
        core::set_directory $path
    }

    # A list of dicts: name kind size mode owner.
    proc segments {} {
        core::each_segment
    }

    # ---- the verbs of all classes: $type is the core's word for the class, $own its own options with their defaults, and
    # $contents words that the core takes before those ----

    # Options come in pairs: an odd word is the name.
    proc Create {type own contents args} {
        set named [expr {[llength $args] % 2 || [llength $args] && ![string match -* [lindex $args 0]]}]
        set options [Options [dict merge $own {-mode 0600 -exclusive 1 -any_owner 0}] [lrange $args $named end]]
        set flags [Flags $options]
        set words [list {*}$contents {*}[lmap option [dict keys $own] {dict get $options $option}] [dict get $options -mode]]
        if {[Shared $options $named]} {
            return [core::${type}_open [lindex $args 0] {*}$words $flags]
        }
        if {$named} {
            return [core::${type}_create [lindex $args 0] {*}$words]
        }
        core::${type}_create_unnamed {*}$words
    }

    proc Open {type own contents name args} {
        set options [Options [dict merge $own {-mode 0600 -any_owner 0}] $args]
        set words [list {*}$contents {*}[lmap option [dict keys $own] {dict get $options $option}] [dict get $options -mode]]
        core::${type}_open $name {*}$words [Flags $options]
    }

    proc Attach {type own name args} {
        set options [Options [dict merge $own {-any_owner 0 -timeout 0}] $args]
        core::${type}_attach $name [Flags $options] [dict get $options -timeout]
    }

    # Makes a class command; $verbs are those that the class does in its own way.
    proc Class {class type {own {}} {attach {}} {verbs {}}} {
        namespace ensemble create -command ::polyshm::$class -prefixes 0 -map [dict merge [list \
            create [list ::polyshm::Create $type $own {}] \
            attach [list ::polyshm::Attach $type $attach] \
            open [list ::polyshm::Open $type $own {}] \
            unlink ::polyshm::core::segment_unlink_name] $verbs]
    }

    # CPython's constructor: attaches, or creates what then needs a size.
    proc NewSegment {args} {
        set options [Options {-name {} -create 0 -size 0} $args]
        dict with options {}
        if {[Truth $options -create]} {
            return [SharedMemory create {*}[expr {[dict exists $args -name] ? [list ${-name}] : {}}] -size ${-size}]
        }
        if {![dict exists $args -name]} {
            Misuse ARGUMENT "new: a name is needed, or -create 1"
        }
        SharedMemory attach ${-name}
    }

    # ?name? items ?option value ...?: the name is there if the words are even.
    proc CreateList {args} {
        if {![llength $args]} {
            return -code error -errorcode {TCL WRONGARGS} \
                {wrong # args: should be "polyshm::ShareableList create ?name? items ?option value ...?"}
        }
        set at [expr {[llength $args] % 2 == 0}]
        Create list {-reserve {}} [lrange $args $at $at] {*}[lreplace $args $at $at]
    }

    proc OpenList {name items args} {
        Open list {-reserve {}} [list $items] $name {*}$args
    }

    # CPython's constructor: attaches if there is a name and nothing else.
    proc NewList {args} {
        set options [Options {-sequence {} -name {}} $args]
        dict with options {}
        set named [dict exists $args -name]
        if {$named && ![dict exists $args -sequence]} {
            return [ShareableList attach ${-name}]
        }
        ShareableList create {*}[expr {$named ? [list ${-name}] : {}}] ${-sequence}
    }

    Class SharedMemory segment [list -size [core::page_size]] {-readonly 0} {new ::polyshm::NewSegment}
    Class ShareableList list {} {-readonly 0} \
        {create ::polyshm::CreateList open ::polyshm::OpenList new ::polyshm::NewList}
    Class Lock lock
    Class Semaphore semaphore {-count 1}
    Class Event event
}

# ---- the methods that take options or defaults: the object's command calls them with itself ----

# tailcall: names of objects mean what they mean to the caller.
namespace eval ::polyshm::SharedMemory::method {
    namespace path ::polyshm

    proc read {self {offset 0} {length {}}} {
        tailcall ::polyshm::core::SharedMemory_read $self $offset [Rest $length [$self size] $offset]
    }

    proc fill {self {byte 0} {offset 0} {length {}}} {
        tailcall ::polyshm::core::SharedMemory_fill $self $byte $offset [Rest $length [$self size] $offset]
    }

    proc copy {self source {offset 0} {length {}} {source_offset 0}} {
        set size [uplevel 1 [list ::polyshm::core::SharedMemory_size $source]]
        tailcall ::polyshm::core::SharedMemory_copy $self $source $offset [Rest $length $size $source_offset] $source_offset
    }

    proc view {self dtype args} {
        set options [Options {-offset 0 -count -1} $args]
        core::SharedMemory_view $self $dtype [dict get $options -offset] [dict get $options -count]
    }
}

namespace eval ::polyshm::View::method {
    namespace path ::polyshm

    proc list {self {index 0} {count {}}} {
        core::View_list $self $index [Rest $count [$self count] $index]
    }

    proc assign {self elements {index 0}} {
        core::View_assign $self $index $elements
    }

    proc fill {self value {index 0} {count {}}} {
        core::View_fill $self $value $index [Rest $count [$self count] $index]
    }

    proc notify {self index {count -1}} {
        core::View_notify $self $index $count
    }

    # foreach over what the view holds now.
    proc each {self varName script} {
        tailcall ::foreach $varName [core::View_list $self 0 [$self count]] $script
    }
}

# A proc that is called list, set or format here hides Tcl's own.
namespace eval ::polyshm::ShareableList::method {
    namespace path ::polyshm

    proc list {self {index 0} {count {}}} {
        core::ShareableList_list $self $index [Rest $count [$self length] $index]
    }

    proc items {self {index 0} {count {}}} {
        core::ShareableList_items $self $index [Rest $count [$self length] $index]
    }

    proc assign {self items {index 0}} {
        core::ShareableList_assign $self $index $items
    }

    # Without a kind the object's command serves it: the item keeps its own.
    proc set {self index ?kind? value} {
        core::list_set_item $self $index [::list ${?kind?} $value]
    }

    proc count {self kind {value {}}} {
        core::ShareableList_count $self [::list $kind $value]
    }

    proc index {self kind {value {}}} {
        core::ShareableList_index $self [::list $kind $value]
    }

    # All formats, as CPython's list has them.
    proc format {self} {
        ::set formats ""
        for {::set i 0} {$i < [$self length]} {incr i} {
            append formats [core::ShareableList_format $self $i]
        }
        return $formats
    }

    # foreach over what the list holds now.
    proc each {self varName script} {
        tailcall ::foreach $varName [core::ShareableList_list $self 0 [$self length]] $script
    }
}

namespace eval ::polyshm::Lock::method {
    namespace path ::polyshm

    proc try_lock {self} {
        core::Lock_lock $self 0
    }
}

namespace eval ::polyshm::Semaphore::method {
    namespace path ::polyshm

    proc try_acquire {self} {
        core::Semaphore_acquire $self 0
    }
}
