# Read by ctest: the tests of the suites Time..., Tune... and Bench... measure time, and so run alone; those of suites
# ...Sweep take minutes.
foreach(program IN ITEMS core device select ops harness tools)
  foreach(test IN LISTS ${program}_test_TESTS)
    if(test MATCHES "\\.(Time|Tune|Bench)[A-Za-z]*\\.")
      set_tests_properties("${test}" PROPERTIES RUN_SERIAL ON)
    elseif(test MATCHES "Sweep\\.")
      set_tests_properties("${test}" PROPERTIES LABELS long TIMEOUT 900)
    endif()
  endforeach()
endforeach()
