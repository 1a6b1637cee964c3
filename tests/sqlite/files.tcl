# files.tcl - SQLite's own tests copy files; where these are databases of ours, these are copied
#	testfixture files.tcl libours.so TEST
# See file_names.c.  Everything else that "file" does it does as ever.
# Licence: MIT, see LICENSE.
load [lindex $argv 0] Ours
set argv0 [lindex $argv 1]
set argv {}

rename file file_of_tcl
proc file {args} {
	if {[lindex $args 0] ne "copy"} {
		return [uplevel 1 file_of_tcl $args]
	}
	lassign [lrange $args end-1 end] from to
	set database [database_of $from]
	if {$database eq "" || [file_of_tcl isdirectory $to]} {
		return [uplevel 1 file_of_tcl $args]
	}
	if {[file_of_tcl exists $to] && "-force" ni $args} {
		error "error copying \"$from\" to \"$to\": file already exists"
	}
	# the name that a file was given goes with the file, a copy is another database
	file_of_tcl delete $to
	file_of_tcl copy -- $from $to
	set store [string range $::env(PGBLOB_STORE) 7 end]
	set new [database_new $to]
	if {[file_of_tcl exists $store/$database]} {
		file_of_tcl copy $store/$database $store/$new
	}
	return
}
source $argv0
