# Run after a test program is linked (streamkit_test): writes one add_test per test case into OUTPUT.
#
# In place of Catch2's own catch_discover_tests, which cannot pass two labels and splits names at `;`.
#
# PROGRAM, PREFIX, LABELS, TIMEOUT, OUTPUT  as their names say
# LIST_ARGS                                 what makes the program print the names, one a line
# EXTRA_ARGS                                for each run

execute_process(COMMAND "${PROGRAM}" ${LIST_ARGS} OUTPUT_VARIABLE names ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT names)
    message(FATAL_ERROR "${PROGRAM} lists no test cases (${result})\n${errors}")
endif()

set(script "")
while(names MATCHES "^([^\n]*)\n(.*)$")
    set(name "${CMAKE_MATCH_1}")
    set(names "${CMAKE_MATCH_2}")
    # What Catch2 would read as a list, a tag, a wildcard or an escape.
    string(REGEX REPLACE "([][,*\\])" "\\\\\\1" pattern "${name}")
    string(APPEND script
        "add_test([==[${PREFIX}${name}]==] [==[${PROGRAM}]==] [==[${pattern}]==] ${EXTRA_ARGS})\n"
        "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES LABELS [==[${LABELS}]==] TIMEOUT ${TIMEOUT})\n")
endwhile()
file(WRITE "${OUTPUT}" "${script}")
