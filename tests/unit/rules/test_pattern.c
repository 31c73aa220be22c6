/* SPDX-License-Identifier: Apache-2.0 */
/* The pattern language, sentence by sentence: what matches, and what is refused with which words.
 */
#include "base/buffer.h"
#include "matching.h"

static void fields_are_and_values_are_or(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':['x'],'b':['y']}", "{'a':'x','b':'y'}", 1},
        {"{'a':['x'],'b':['y']}", "{'a':'x','b':'z'}", 0},
        {"{'a':['x'],'b':['y']}", "{'a':'x'}", 0},
        {"{'a':['x','y']}", "{'a':'y','more':1}", 1},
        {"{'a':['x',{'prefix':'y'},null]}", "{'a':null}", 1},
        {"{'A':['x']}", "{'a':'x'}", 0},
        {"{'a':['X']}", "{'a':'x'}", 0},
        {"{'a':['x']}", "[]", 0},
        {"{'a':['x']}", "'x'", 0},
        {"{'':['x']}", "{'':'x'}", 1},
    };
    MATCHING_CHECK(cases);
}

static void dots_and_nesting_are_the_same(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a.b':['x']}", "{'a':{'b':'x'}}", 1},
        {"{'a':{'b':['x']}}", "{'a.b':'x'}", 1},
        {"{'a.b':{'c':['x']}}", "{'a':{'b.c':'x'}}", 1},
        {"{'a':{'b':['x']}}", "{'a':{'c':'x'},'a.b':'x'}", 1},
        {"{'a..b':['x']}", "{'a':{'':{'b':'x'}}}", 1},
        {"{'a.b':['x']}", "{'ab':'x'}", 0},
    };
    MATCHING_CHECK(cases);
}

static void of_duplicate_keys_the_last_counts_in_a_pattern_and_any_in_an_event(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':['x'],'a':['y']}", "{'a':'y'}", 1},
        {"{'a':['x'],'a':['y']}", "{'a':'x'}", 0},
        {"{'a':{'b':['x']},'a.b':['y']}", "{'a':{'b':'x'}}", 0},
        {"{'a':{'b':['x']},'a.b':['y']}", "{'a':{'b':'y'}}", 1},
        {"{'a':['x']}", "{'a':'x','a':'y'}", 1},
        {"{'a':['y']}", "{'a':'x','a':'y'}", 1},
        {"{'a':['z']}", "{'a':'x','a':'y'}", 0},
    };
    MATCHING_CHECK(cases);
}

static void literals_are_strict_about_type_and_numbers_compare_by_value(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[1]}", "{'a':'1'}", 0},
        {"{'a':['1']}", "{'a':1}", 0},
        {"{'a':[null]}", "{'a':null}", 1},
        {"{'a':[null]}", "{}", 0},
        {"{'a':[null]}", "{'a':'null'}", 0},
        {"{'a':[null]}", "{'a':[]}", 0},
        {"{'a':['null']}", "{'a':null}", 0},
        {"{'a':[true]}", "{'a':true}", 1},
        {"{'a':[true]}", "{'a':'true'}", 0},
        {"{'a':[true]}", "{'a':false}", 0},
        {"{'a':[false]}", "{'a':false}", 1},
        {"{'a':['']}", "{'a':''}", 1},
        {"{'a':['']}", "{'a':null}", 0},
        {"{'a':[300]}", "{'a':300.0}", 1},
        {"{'a':[300]}", "{'a':3.0e2}", 1},
        {"{'a':[3.0e2]}", "{'a':300}", 1},
        {"{'a':[0]}", "{'a':-0.0}", 1},
        {"{'a':[12345678901234567890]}", "{'a':12345678901234567890}", 1},
        {"{'a':[12345678901234567890]}", "{'a':12345678901234567891}", 0},
        {"{'a':[1e999]}", "{'a':10e998}", 1},
        {"{'a':[1e999]}", "{'a':1e998}", 0},
        {"{'a':['\\u0041']}", "{'a':'A'}", 1},
    };
    MATCHING_CHECK(cases);
}

static void addresses_compare_as_addresses(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':['::1']}", "{'a':'0:0:0:0:0:0:0:1'}", 1},
        {"{'a':['0:0:0:0:0:0:0:1']}", "{'a':'::1'}", 1},
        {"{'a':['2001:DB8::A']}", "{'a':'2001:db8:0::a'}", 1},
        {"{'a':['10.0.0.1']}", "{'a':'10.0.0.1'}", 1},
        {"{'a':['10.0.0.1']}", "{'a':'10.0.0.2'}", 0},
        {"{'a':['10.0.0.1']}", "{'a':'::ffff:a00:1'}", 1},
        {"{'a':['10.0.0.256']}", "{'a':'10.0.0.256'}", 1},
        {"{'a':['12:30:45']}", "{'a':'12:30:45'}", 1},
        {"{'a':['12:30:45']}", "{'a':'12:30:46'}", 0},
        {"{'a':[{'anything-but':'::1'}]}", "{'a':'0:0:0:0:0:0:0:1'}", 1},
    };
    MATCHING_CHECK(cases);
}

static void arrays_are_flattened(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':['x']}", "{'a':['y','x']}", 1},
        {"{'a':['x']}", "{'a':[['y'],[['x']]]}", 1},
        {"{'a':['x']}", "{'a':[]}", 0},
        {"{'a':{'b':['x']}}", "{'a':[{'b':'y'},{'b':['z','x']}]}", 1},
        {"{'a':{'b':['x']}}", "{'a':[[{'b':'x'}]]}", 1},
        {"{'a':[{'anything-but':'x'}]}", "{'a':['x','y']}", 1},
        {"{'a':[{'anything-but':'x'}]}", "{'a':['x','x']}", 0},
        {"{'a':[{'anything-but':['x','y']}]}", "{'a':['x','y']}", 0},
    };
    MATCHING_CHECK(cases);
}

static void fields_in_different_elements_do_not_combine(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[{'b':1,'c':2}]}", 1},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[{'b':1},{'c':2}]}", 0},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[{'b':1,'c':3},{'b':1,'c':2}]}", 1},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[{'b':[1]},{'b':2,'c':[2]}]}", 0},
        {"{'a':{'b':[1]},'d':[2]}", "{'a':[{'b':1}],'d':2}", 1},
        {"{'a':{'b':[1]},'d':{'c':[2]}}", "{'a':[{},{'b':1}],'d':[{'c':2},{}]}", 1},
        {"{'a':{'b':{'c':[1]},'d':[2]}}", "{'a':[{'b':[{'c':0},{'c':1}],'d':2}]}", 1},
        {"{'a':{'b':{'c':[1]},'d':[2]}}", "{'a':[{'b':[{'c':1}]},{'d':2}]}", 0},
        {"{'a':{'b':{'c':[1],'e':[1]},'d':[2]}}",
         "{'a':[{'b':[{'c':1},{'e':1}],'d':2},{'b':[{'c':1,'e':1}],'d':3}]}", 0},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[[{'b':1}],[{'c':2}]]}", 0},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[[{'b':1},{'c':2}]]}", 0},
        {"{'a':{'b':[{'anything-but':1}],'c':[2]}}", "{'a':[{'b':1,'c':2},{'b':3}]}", 0},
        {"{'a':{'b':[1],'c':[{'exists':false}]}}", "{'a':[{'b':1},{'c':2}]}", 1},
        {"{'a':{'b':[1],'c':[{'exists':false}]}}", "{'a':[{'b':1,'c':2}]}", 0},
        {"{'a':{'b':[1],'c':[2]}}", "{'a':[{'b':1}],'a':[{'c':2}]}", 1},
    };
    MATCHING_CHECK(cases);
}

static void exists_looks_at_leaves(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'exists':true}]}", "{'a':0}", 1},
        {"{'a':[{'exists':true}]}", "{'a':null}", 1},
        {"{'a':[{'exists':true}]}", "{'a':''}", 1},
        {"{'a':[{'exists':true}]}", "{}", 0},
        {"{'a':[{'exists':true}]}", "{'a':[]}", 0},
        {"{'a':[{'exists':true}]}", "{'a':[[]]}", 0},
        {"{'a':[{'exists':true}]}", "{'a':{}}", 0},
        {"{'a':[{'exists':true}]}", "{'a':{'b':1}}", 0},
        {"{'a':[{'exists':true}]}", "{'a':[{'b':1}]}", 0},
        {"{'a':[{'exists':true}]}", "{'a':[null]}", 1},
        {"{'a':[{'exists':false}]}", "{}", 1},
        {"{'a':[{'exists':false}]}", "{'a':null}", 0},
        {"{'a':[{'exists':false}]}", "{'a':[]}", 1},
        {"{'a':[{'exists':false}]}", "{'a':{}}", 1},
        {"{'a':[{'exists':false}]}", "{'a':{'b':1}}", 1},
        {"{'a':{'b':[{'exists':false}]}}", "{'a':1}", 1},
        {"{'a':[{'exists':false},'x']}", "{'a':'x'}", 1},
        {"{'a':[{'exists':false},'x']}", "{'a':'y'}", 0},
        {"{'a':[{'exists':false}],'b':[1]}", "{'b':1}", 1},
        {"{'a':[{'exists':false}],'b':[{'exists':false}]}", "{'b':1}", 0},
    };
    MATCHING_CHECK(cases);
}

static void prefix_and_suffix_compare_ends(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'prefix':'ab'}]}", "{'a':'abc'}", 1},
        {"{'a':[{'prefix':'ab'}]}", "{'a':'ab'}", 1},
        {"{'a':[{'prefix':'ab'}]}", "{'a':'Abc'}", 0},
        {"{'a':[{'prefix':'ab'}]}", "{'a':'a'}", 0},
        {"{'a':[{'prefix':''}]}", "{'a':''}", 1},
        {"{'a':[{'prefix':''}]}", "{'a':1}", 0},
        {"{'a':[{'prefix':'1'}]}", "{'a':12}", 0},
        {"{'a':[{'suffix':'.png'}]}", "{'a':'x.png'}", 1},
        {"{'a':[{'suffix':'.png'}]}", "{'a':'.png'}", 1},
        {"{'a':[{'suffix':'.png'}]}", "{'a':'png'}", 0},
        {"{'a':[{'suffix':''}]}", "{'a':'any'}", 1},
        {"{'a':[{'suffix':''}]}", "{'a':null}", 0},
        {"{'a':[{'prefix':{'equals-ignore-case':'EventB'}}]}", "{'a':'eVENTbridge'}", 1},
        {"{'a':[{'prefix':{'equals-ignore-case':''}}]}", "{'a':'x'}", 1},
        {"{'a':[{'suffix':{'equals-ignore-case':'.PNG'}}]}", "{'a':'x.pNg'}", 1},
        {"{'a':[{'suffix':{'equals-ignore-case':'.PNG'}}]}", "{'a':'x.jpg'}", 0},
    };
    MATCHING_CHECK(cases);
}

static void case_folds_character_by_character(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'equals-ignore-case':'AlphaBET'}]}", "{'a':'aLPHAbet'}", 1},
        {"{'a':[{'equals-ignore-case':'x'}]}", "{'a':'xx'}", 0},
        {"{'a':[{'equals-ignore-case':''}]}", "{'a':''}", 1},
        {"{'a':[{'equals-ignore-case':''}]}", "{'a':'x'}", 0},
        {"{'a':[{'equals-ignore-case':'null'}]}", "{'a':null}", 0},
        {"{'a':[{'equals-ignore-case':'ÄÖÜ'}]}", "{'a':'äöü'}", 1},
        {"{'a':[{'equals-ignore-case':'привет'}]}", "{'a':'ПРИВЕТ'}", 1},
        {"{'a':[{'equals-ignore-case':'Ⱥ'}]}", "{'a':'ⱥ'}", 1},
        {"{'a':[{'equals-ignore-case':'𐐀'}]}", "{'a':'𐐨'}", 1},
        {"{'a':[{'equals-ignore-case':'straße'}]}", "{'a':'STRASSE'}", 0},
        {"{'a':[{'equals-ignore-case':'straße'}]}", "{'a':'STRAẞE'}", 1},
        {"{'a':[{'equals-ignore-case':'[x]'}]}", "{'a':'{x}'}", 0},
    };
    MATCHING_CHECK(cases);
}

static void a_star_stands_for_any_run(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'wildcard':'*'}]}", "{'a':''}", 1},
        {"{'a':[{'wildcard':'*'}]}", "{'a':1}", 0},
        {"{'a':[{'wildcard':''}]}", "{'a':''}", 1},
        {"{'a':[{'wildcard':''}]}", "{'a':'x'}", 0},
        {"{'a':[{'wildcard':'a*c'}]}", "{'a':'ac'}", 1},
        {"{'a':[{'wildcard':'a*c'}]}", "{'a':'abcbc'}", 1},
        {"{'a':[{'wildcard':'a*c'}]}", "{'a':'abcb'}", 0},
        {"{'a':[{'wildcard':'a*'}]}", "{'a':'a'}", 1},
        {"{'a':[{'wildcard':'*a'}]}", "{'a':'ba'}", 1},
        {"{'a':[{'wildcard':'abc'}]}", "{'a':'abc'}", 1},
        {"{'a':[{'wildcard':'abc'}]}", "{'a':'abcd'}", 0},
        {"{'a':[{'wildcard':'*ab*ab*'}]}", "{'a':'xabyabz'}", 1},
        {"{'a':[{'wildcard':'*ab*ab*'}]}", "{'a':'xabyaz'}", 0},
        {"{'a':[{'wildcard':'*aab'}]}", "{'a':'aaab'}", 1},
        {"{'a':[{'wildcard':'a\\\\*b'}]}", "{'a':'a*b'}", 1},
        {"{'a':[{'wildcard':'a\\\\*b'}]}", "{'a':'axb'}", 0},
        {"{'a':[{'wildcard':'a\\\\\\\\b'}]}", "{'a':'a\\\\b'}", 1},
        {"{'a':[{'wildcard':'*\\\\**'}]}", "{'a':'x*y'}", 1},
        {"{'a':[{'wildcard':'*\\\\**'}]}", "{'a':'xy'}", 0},
        {"{'a':[{'wildcard':'/Users/*/dir/dir/dir/dir/dir/doc.txt'}]}",
         "{'a':'/Users/x/dir/dir/dir/dir/dir/dir/doc.txt'}", 1},
    };
    MATCHING_CHECK(cases);
}

static void anything_but_needs_a_value(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'anything-but':'x'}]}", "{'a':'y'}", 1},
        {"{'a':[{'anything-but':'x'}]}", "{'a':'x'}", 0},
        {"{'a':[{'anything-but':'x'}]}", "{}", 0},
        {"{'a':[{'anything-but':'x'}]}", "{'a':[]}", 0},
        {"{'a':[{'anything-but':'x'}]}", "{'a':{'x':1}}", 0},
        {"{'a':[{'anything-but':'x'}]}", "{'a':1}", 1},
        {"{'a':[{'anything-but':'x'}]}", "{'a':null}", 1},
        {"{'a':[{'anything-but':'x'}]}", "{'a':true}", 1},
        {"{'a':[{'anything-but':1}]}", "{'a':'1'}", 1},
        {"{'a':[{'anything-but':100}]}", "{'a':1e2}", 0},
        {"{'a':[{'anything-but':[1,2]}]}", "{'a':2.0}", 0},
        {"{'a':[{'anything-but':['x','y']}]}", "{'a':'y'}", 0},
        {"{'a':[{'anything-but':['x','y']}]}", "{'a':'z'}", 1},
        {"{'a':[{'anything-but':''}]}", "{'a':''}", 0},
        {"{'a':[{'anything-but':{'prefix':'in'}}]}", "{'a':'init'}", 0},
        {"{'a':[{'anything-but':{'prefix':['in','te']}}]}", "{'a':'test'}", 0},
        {"{'a':[{'anything-but':{'prefix':['in','te']}}]}", "{'a':12}", 1},
        {"{'a':[{'anything-but':{'prefix':['in','te']}}]}", "{}", 0},
        {"{'a':[{'anything-but':{'suffix':'.txt'}}]}", "{'a':'a.txt'}", 0},
        {"{'a':[{'anything-but':{'suffix':'.txt'}}]}", "{'a':'a.txt.bak'}", 1},
        {"{'a':[{'anything-but':{'suffix':['.txt','.bak']}}]}", "{'a':'a.txt.bak'}", 0},
        {"{'a':[{'anything-but':{'equals-ignore-case':'INIT'}}]}", "{'a':'init'}", 0},
        {"{'a':[{'anything-but':{'equals-ignore-case':['a','B']}}]}", "{'a':'b'}", 0},
        {"{'a':[{'anything-but':{'equals-ignore-case':['a','B']}}]}", "{'a':null}", 1},
        {"{'a':[{'anything-but':{'wildcard':'*/dir/*'}}]}", "{'a':'x/dir/y'}", 0},
        {"{'a':[{'anything-but':{'wildcard':['*/dir/*','z*']}}]}", "{'a':'zoo'}", 0},
        {"{'a':[{'anything-but':{'wildcard':['*/dir/*','z*']}}]}", "{'a':'foo'}", 1},
        {"{'a':[{'anything-but':'x'},{'anything-but':'y'}]}", "{'a':'x'}", 1},
        {"{'a':['x',{'anything-but':['x','y']}]}", "{'a':'x'}", 1},
        {"{'a':['x',{'anything-but':['x','y']}]}", "{'a':'y'}", 0},
    };
    MATCHING_CHECK(cases);
}

static void numeric_compares_numbers_only(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'numeric':['=',5]}]}", "{'a':5.0}", 1},
        {"{'a':[{'numeric':['=',3.018e2]}]}", "{'a':301.8}", 1},
        {"{'a':[{'numeric':['<',10]}]}", "{'a':9.99}", 1},
        {"{'a':[{'numeric':['<',10]}]}", "{'a':10}", 0},
        {"{'a':[{'numeric':['<=',10]}]}", "{'a':10}", 1},
        {"{'a':[{'numeric':['>',10]}]}", "{'a':10}", 0},
        {"{'a':[{'numeric':['>',10]}]}", "{'a':1e300}", 1},
        {"{'a':[{'numeric':['>=',10]}]}", "{'a':10.000}", 1},
        {"{'a':[{'numeric':['>',0,'<=',5]}]}", "{'a':5}", 1},
        {"{'a':[{'numeric':['>',0,'<=',5]}]}", "{'a':0}", 0},
        {"{'a':[{'numeric':['>',0,'<=',5]}]}", "{'a':5.0000000000000000001}", 0},
        {"{'a':[{'numeric':['>=',-1.5,'<',0]}]}", "{'a':-1.5}", 1},
        {"{'a':[{'numeric':['>',1]}]}", "{'a':'2'}", 0},
        {"{'a':[{'numeric':['<',1]}]}", "{'a':null}", 0},
        {"{'a':[{'numeric':['<',1]}]}", "{'a':false}", 0},
        {"{'a':[{'numeric':['<',1]}]}", "{}", 0},
        {"{'a':[{'numeric':['>',12345678901234567890]}]}", "{'a':12345678901234567891}", 1},
    };
    MATCHING_CHECK(cases);
}

static void cidr_holds_addresses(void **state)
{
    (void)state;
    static const struct matching_case cases[] = {
        {"{'a':[{'cidr':'10.0.0.0/24'}]}", "{'a':'10.0.0.255'}", 1},
        {"{'a':[{'cidr':'10.0.0.0/24'}]}", "{'a':'10.0.1.0'}", 0},
        {"{'a':[{'cidr':'10.0.0.77/24'}]}", "{'a':'10.0.0.1'}", 1},
        {"{'a':[{'cidr':'10.0.0.0/31'}]}", "{'a':'10.0.0.1'}", 1},
        {"{'a':[{'cidr':'0.0.0.0/0'}]}", "{'a':'1.2.3.4'}", 1},
        {"{'a':[{'cidr':'0.0.0.0/0'}]}", "{'a':'::1'}", 0},
        {"{'a':[{'cidr':'0.0.0.0/0'}]}", "{'a':'1.2.3'}", 0},
        {"{'a':[{'cidr':'0.0.0.0/0'}]}", "{'a':'1.2.3.4/8'}", 0},
        {"{'a':[{'cidr':'10.0.0.0/9'}]}", "{'a':'10.127.0.1'}", 1},
        {"{'a':[{'cidr':'10.0.0.0/9'}]}", "{'a':'10.128.0.1'}", 0},
        {"{'a':[{'cidr':'2001:db8::/32'}]}", "{'a':'2001:db8:ffff::1'}", 1},
        {"{'a':[{'cidr':'2001:db8::/32'}]}", "{'a':'2001:db9::1'}", 0},
        {"{'a':[{'cidr':'::/0'}]}", "{'a':'ffff::'}", 1},
        {"{'a':[{'cidr':'::/0'}]}", "{'a':'1.2.3.4'}", 0},
        {"{'a':[{'cidr':'10.0.0.0/8'},'other']}", "{'a':'other'}", 1},
    };
    MATCHING_CHECK(cases);
}

static void or_joins_branches(void **state)
{
    (void)state;
    static const char either[] = "{'s':['x'],'$or':[{'a':[1]},{'b':[2],'c':[3]}]}";
    static const char inside[] = "{'d':{'$or':[{'a':[1]},{'e':{'b':[2]}}]}}";
    static const char nested[] = "{'$or':[{'a':[1]},{'$or':[{'b':[2]},{'c':[3]}],'d':[4]}]}";
    static const struct matching_case cases[] = {
        {either, "{'s':'x','a':1}", 1},
        {either, "{'s':'x','b':2}", 0},
        {either, "{'s':'x','b':2,'c':3}", 1},
        {either, "{'a':1}", 0},
        {inside, "{'d':{'a':1}}", 1},
        {inside, "{'d':{'e':{'b':2}}}", 1},
        {inside, "{'a':1}", 0},
        {nested, "{'a':1}", 1},
        {nested, "{'b':2,'d':4}", 1},
        {nested, "{'c':3,'d':4}", 1},
        {nested, "{'c':3}", 0},
        {"{'$or':[{'a':[1]},{'b':[1]}],'$or':[{'c':[1]},{'d':[1]}]}", "{'b':1,'d':1}", 1},
        {"{'$or':[{'a':[1]},{'b':[1]}],'$or':[{'c':[1]},{'d':[1]}]}", "{'a':1,'b':1}", 0},
        {"{'a':['x'],'$or':[{'a':['y']},{'b':[1]}]}", "{'a':'y'}", 1},
        {"{'prefix':['x'],'exists':[true]}", "{'prefix':'x','exists':true}", 1},
    };
    MATCHING_CHECK(cases);
}

struct refusal {
    const char *pattern;
    const char *message; /* part of it */
};

static void bad_patterns_are_refused_with_field_and_expectation(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"{", "no JSON"},
        {"[]", "a JSON object"},
        {"'x'", "a JSON object"},
        {"{}", "the pattern: an object wants at least one field"},
        {"{'a':{}}", "a: an object wants at least one field"},
        {"{'a':{'b':[]}}", "a.b: a field wants at least one value"},
        {"{'a':'x'}", "a: a field wants an array"},
        {"{'a':1}", "a: a field wants an array"},
        {"{'a':null}", "a: a field wants an array"},
        {"{'a':[['x']]}", "a: an array wants strings"},
        {"{'a':[{}]}", "a: an object in the array wants exactly one operator"},
        {"{'a':[{'prefix':'x','suffix':'y'}]}", "exactly one operator"},
        {"{'a':[{'prefix':'x','prefix':'y'}]}", "exactly one operator"},
        {"{'a':[{'Prefix':'x'}]}", "a: \"Prefix\" is no operator"},
        {"{'a':[{'prefix':1}]}", "a: \"prefix\" wants a string"},
        {"{'a':[{'prefix':['x']}]}", "a: \"prefix\" wants a string"},
        {"{'a':[{'prefix':{'equals-ignore-case':['x']}}]}", "\"prefix\" wants a string"},
        {"{'a':[{'prefix':{'suffix':'x'}}]}", "\"prefix\" wants a string"},
        {"{'a':[{'prefix':{}}]}", "\"prefix\" wants a string"},
        {"{'a':[{'suffix':null}]}", "\"suffix\" wants a string"},
        {"{'a':[{'suffix':['x']}]}", "\"suffix\" wants a string"},
        {"{'a':[{'equals-ignore-case':['x']}]}", "\"equals-ignore-case\" wants one string"},
        {"{'a':[{'equals-ignore-case':1}]}", "\"equals-ignore-case\" wants one string"},
        {"{'a':[{'wildcard':1}]}", "\"wildcard\" wants a string"},
        {"{'a':[{'wildcard':['x']}]}", "\"wildcard\" wants a string"},
        {"{'a':[{'wildcard':'a**b'}]}", "no two '*' in a row"},
        {"{'a':[{'wildcard':'a\\\\b'}]}", "a backslash only before"},
        {"{'a':[{'wildcard':'a\\\\'}]}", "a backslash only before"},
        {"{'a':[{'wildcard':'*:*:*:*:*:event-bus/*'}]}", "a simpler text"},
        {"{'a':[{'wildcard':'*a*b*c*d*e*f*g*h*i*j'}]}", "a simpler text"},
        {"{'a':[{'exists':1}]}", "\"exists\" wants true or false"},
        {"{'a':[{'exists':'true'}]}", "\"exists\" wants true or false"},
        {"{'a':[{'anything-but':true}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':null}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':[]}]}", "a list that is not empty"},
        {"{'a':[{'anything-but':['x',1]}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':[1,'x']}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':['x',null]}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':[['x']]}]}", "\"anything-but\" wants"},
        {"{'a':[{'anything-but':{}}]}", "\"anything-but\" wants one of"},
        {"{'a':[{'anything-but':{'prefix':''}}]}", "a string that is not empty"},
        {"{'a':[{'anything-but':{'prefix':['x','']}}]}", "a string that is not empty"},
        {"{'a':[{'anything-but':{'suffix':''}}]}", "a string that is not empty"},
        {"{'a':[{'anything-but':{'prefix':[]}}]}", "a list that is not empty"},
        {"{'a':[{'anything-but':{'prefix':1}}]}", "wants a string or a list"},
        {"{'a':[{'anything-but':{'suffix':{'equals-ignore-case':'x'}}}]}", "wants a string"},
        {"{'a':[{'anything-but':{'equals-ignore-case':[1]}}]}", "wants a string"},
        {"{'a':[{'anything-but':{'wildcard':['x',1]}}]}", "wants a string"},
        {"{'a':[{'anything-but':{'wildcard':'**'}}]}", "no two '*'"},
        {"{'a':[{'anything-but':{'numeric':['<',1]}}]}", "\"anything-but\" wants one of"},
        {"{'a':[{'anything-but':{'cidr':'10.0.0.0/8'}}]}", "\"anything-but\" wants one of"},
        {"{'a':[{'anything-but':{'exists':true}}]}", "\"anything-but\" wants one of"},
        {"{'a':[{'anything-but':{'prefix':'x','suffix':'y'}}]}", "\"anything-but\" wants one of"},
        {"{'a':[{'numeric':10}]}", "a: \"numeric\" wants"},
        {"{'a':[{'numeric':[]}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['<']}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['<','1']}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['!=',1]}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['',1]}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['=',1,'<',2]}]}", "a lower bound, then an upper one"},
        {"{'a':[{'numeric':['<',2,'>',1]}]}", "a lower bound, then an upper one"},
        {"{'a':[{'numeric':['>',0,'>',0]}]}", "a lower bound, then an upper one"},
        {"{'a':[{'numeric':['>',0,'<']}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['>',0,'<',1,'=',1]}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['>',[0]]}]}", "\"numeric\" wants"},
        {"{'a':[{'numeric':['>',5,'<',5]}]}", "its lower bound below"},
        {"{'a':[{'numeric':['>=',5,'<=',5.0]}]}", "its lower bound below"},
        {"{'a':[{'numeric':['>',6,'<',5]}]}", "its lower bound below"},
        {"{'a':[{'cidr':1}]}", "\"cidr\" wants a string"},
        {"{'a':[{'cidr':'10.0.0.0'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'10.0.0/8'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'10.0.0.0/'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'10.0.0.0/-1'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'10.0.0.0/8/8'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'host/8'}]}", "\"cidr\" wants an address, '/'"},
        {"{'a':[{'cidr':'10.0.0.0/32'}]}", "at most 31 bits"},
        {"{'a':[{'cidr':'::1/128'}]}", "at most 127 bits"},
        {"{'$or':[{'a':[1]}]}", "two or more objects"},
        {"{'$or':[]}", "two or more objects"},
        {"{'$or':{'a':[1]}}", "two or more objects"},
        {"{'d':{'$or':['x','y']}}", "d: \"$or\" wants an array of objects"},
        {"{'$or':[{'a':[1]},{}]}", "an object wants at least one field"},
        {"{'$or':[{'prefix':['x']},{'b':[1]}]}", "\"prefix\" is an operator"},
        {"{'$or':[{'a':[1]},{'b':{'numeric':[1]}}]}", "b: \"$or\" wants objects of fields"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct eg_error err = {.message = ""};
        if (matching_pattern(refusals[i].pattern, &err))
            fail_msg("%s was not refused", refusals[i].pattern);
        if (!strstr(err.message, refusals[i].message))
            fail_msg("%s: '%s' does not say '%s'", refusals[i].pattern, err.message,
                     refusals[i].message);
    }
}

static void limits_are_errors(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    /* 10 * 10 * 10 is what is allowed; one branch more is not. */
    for (int branches = 10; branches <= 11; branches++) {
        eg_buffer_clear(&text);
        for (int i = 0; i < 3; i++) {
            eg_buffer_printf(&text, "%s\"f%d\":{\"$or\":[", i ? "," : "{", i);
            for (int j = 0; j < (i == 0 ? branches : 10); j++)
                eg_buffer_printf(&text, "%s{\"x%d\":[1]}", j ? "," : "", j);
            eg_buffer_append_text(&text, "]}");
        }
        eg_buffer_append_text(&text, "}");
        struct eg_rules_pattern *pattern = matching_pattern(text.data, &err);
        assert_int_equal(pattern != NULL, branches == 10);
        eg_rules_pattern_destroy(pattern);
    }
    assert_int_equal(err.code, EG_ERR_TOO_LARGE);
    assert_non_null(strstr(err.message, "more than 1000 combinations"));
    eg_buffer_clear(&text);
    for (int i = 0; i <= EG_RULES_MAX_FIELDS; i++)
        eg_buffer_printf(&text, "%s\"f%d\":[1]", i ? "," : "{", i);
    eg_buffer_append_text(&text, "}");
    assert_null(matching_pattern(text.data, &err));
    assert_non_null(strstr(err.message, "more than 256 fields"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_and_values_are_or),
        cmocka_unit_test(dots_and_nesting_are_the_same),
        cmocka_unit_test(of_duplicate_keys_the_last_counts_in_a_pattern_and_any_in_an_event),
        cmocka_unit_test(literals_are_strict_about_type_and_numbers_compare_by_value),
        cmocka_unit_test(addresses_compare_as_addresses),
        cmocka_unit_test(arrays_are_flattened),
        cmocka_unit_test(fields_in_different_elements_do_not_combine),
        cmocka_unit_test(exists_looks_at_leaves),
        cmocka_unit_test(prefix_and_suffix_compare_ends),
        cmocka_unit_test(case_folds_character_by_character),
        cmocka_unit_test(a_star_stands_for_any_run),
        cmocka_unit_test(anything_but_needs_a_value),
        cmocka_unit_test(numeric_compares_numbers_only),
        cmocka_unit_test(cidr_holds_addresses),
        cmocka_unit_test(or_joins_branches),
        cmocka_unit_test(bad_patterns_are_refused_with_field_and_expectation),
        cmocka_unit_test(limits_are_errors),
    };
    return cmocka_run_group_tests_name("rules pattern", tests, NULL, NULL);
}
