"""What the simulated Prometheus and the real one are asked, and what both must say."""

TEXT = '"text"'
# In Prometheus' words, the place first.
WRONG = {
    "": "1:1: parse error: no expression found in input",
    "up{": "1:4: parse error: unexpected end of input inside braces",
    'up{job="a"': "1:11: parse error: unexpected end of input inside braces",
    "up{a=b}": '1:6: parse error: unexpected identifier "b" in label matching, expected string',
    "up{job=}": '1:8: parse error: unexpected "}" in label matching, expected string',
    "sum(up": "1:7: parse error: unclosed left parenthesis",
    "sum(\n up": "2:4: parse error: unclosed left parenthesis",
    "foo(up)": '1:1: parse error: unknown function with name "foo"',
    "sum(rate(up))": '1:10: parse error: expected type range vector in call to function "rate", got instant vector',
    "1 +": "1:4: parse error: unexpected end of input",
    "up up": '1:4: parse error: unexpected identifier "up"',
    "up + on(job up": '1:13: parse error: unexpected identifier "up" in grouping opts, expected "," or ")"',
    "{}": "1:1: parse error: vector selector must contain at least one non-empty matcher",
    '{job=~".*"}': "1:1: parse error: vector selector must contain at least one non-empty matcher",
    'up{a=~"("}': "1:4: parse error: error parsing regexp: missing closing ): `^(?:()$`",
    "topk(up)": "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    "up and 1": '1:1: parse error: set operator "and" not allowed in binary scalar expression',
    "histogram_quantile(0.9)": '1:1: parse error: expected 2 argument(s) in call to "histogram_quantile", got 1',
    "up[5m]+1": "1:1: parse error: binary expression must contain only scalar and instant vector types",
    "1 > 2": "1:3: parse error: comparisons between scalars must use BOOL modifier",
    "rate(up[5m": "1:11: parse error: unclosed left parenthesis",
    "$x": "1:1: parse error: unexpected character: '$'",
    "up offset": "1:10: parse error: unexpected end of input in offset, expected duration",
    "avg by (instance) (up) by (job)": "1:24: parse error: unexpected <by>",
    "up)": "1:4: parse error: unexpected right parenthesis ')'",
    "5m": '1:1: parse error: unexpected duration "5m"',
}
LAID_OUT = {
    'sum by(host)(rate(up{a="b"}[90s]))': 'sum by (host) (rate(up{a="b"}[1m30s]))',
    "a==bool 1": "a == bool 1",
    "up*on(a)group_left(b)c": "up * on (a) group_left (b) c",
    "up * on(a) group_right c": "up * on (a) group_right () c",
    'a{b=\'c"d\',a!~"x"} offset 1h': 'a{a!~"x",b="c\\"d"} offset 1h',
    "-1e6 * (a)": "-1e+06 * (a)",
    "topk(3,up)": "topk(3, up)",
    "sum without()(a)": "sum without () (a)",
    '100 * (1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle", host=~"server1|server2|server3"}[60s])))>80': (
        "    100\n  *\n    (1 - avg by (host) (rate(node_cpu_seconds_total"
        '{host=~"server1|server2|server3",mode="idle"}[1m])))\n>\n  80'
    ),
    "sum by (le, host) (rate(traefik_service_request_duration_seconds_bucket"
    '{host=~"server1|server2",service="directus@docker"}[300s]))': (
        "sum by (le, host) (\n  rate(\n    traefik_service_request_duration_seconds_bucket"
        '{host=~"server1|server2",service="directus@docker"}[5m]\n  )\n)'
    ),
}
ODD = {
    "/api/v1/query?query=up&time=x": (
        'invalid parameter "time": Invalid time value for \'time\': cannot parse "x" to a valid timestamp'
    ),
    "/api/v1/query?query=up&timeout=x": 'invalid parameter "timeout": cannot parse "x" to a valid duration',
    "/api/v1/query_range?query=up&start=2&end=1&step=1": (
        'invalid parameter "end": end timestamp must not be before start time'
    ),
    "/api/v1/query_range?query=up&start=1&end=2&step=0": (
        'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
        "Try a positive integer"
    ),
    "/api/v1/query_range?query=up&start=1&end=20000&step=1": (
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
    ),
    "/api/v1/query_range?query=up&end=20000&step=1": (
        'invalid parameter "start": cannot parse "" to a valid timestamp'
    ),
    "/api/v1/query_range?query=up[5m]&start=1&end=2&step=1": (
        'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
    ),
    "/api/v1/label/a-b/values": 'invalid label name: "a-b"',
    "/api/v1/series": "no match[] parameter provided",
    "/api/v1/label/job/values?match[]=up{": "1:4: parse error: unexpected end of input inside braces",
    "/api/v1/rules?type=x": 'invalid parameter "type": not supported value "x"',
}
ASKED = (
    "up",
    'up{job="node"}',
    'up{job=~"no.*|tra.*",host!="server1"}',
    '{__name__=~"node_load.+"}',
    "nothing_of_that_name",
    "1 + 2 * 3 ^ 2 ^ 0.5 - 7 % 4",
    "-(2 ^ 2)",
    "time() - vector(time())",
    "scalar(count(up))",
    TEXT,
    "node_load1 > 0.2",
    "node_load1 > bool 0.7",
    "0.5 < node_load1",
    'node_load5{host="server1"} offset 5m',
    "sum by (host) (node_memory_MemTotal_bytes)",
    "avg without (instance, job, cpu) (node_cpu_seconds_total)",
    "count(node_cpu_seconds_total) by (mode)",
    "stddev(node_load1)",
    "quantile(0.7, node_filesystem_size_bytes)",
    "topk(2, container_memory_working_set_bytes)",
    "bottomk by (host) (1, container_memory_working_set_bytes)",
    "group by (job) (up)",
    "min(up) == max(up)",
    'absent(nothing{job="a"})',
    "absent(up)",
    "rate(node_cpu_seconds_total[1m])",
    "irate(node_network_receive_bytes_total[1m])",
    "increase(tapbot_messages_total[1h])",
    "increase(tapbot_messages_total[30m])",
    "delta(node_memory_MemFree_bytes[7m])",
    "deriv(node_memory_MemFree_bytes[7m])",
    "idelta(node_load1[1m])",
    'predict_linear(node_filesystem_avail_bytes{mountpoint="/"}[10m], 3600)',
    "avg_over_time(node_load1[10m])",
    "max_over_time(node_load1[10m])",
    "min_over_time(node_load1[10m])",
    "sum_over_time(up[2m])",
    "count_over_time(up[2m])",
    "last_over_time(node_load1[2m])",
    "quantile_over_time(0.9, node_load1[10m])",
    "changes(vakhta_container_restarts_total[18m])",
    'resets(container_cpu_usage_seconds_total{container="directus"}[18m])',
    'increase(container_cpu_usage_seconds_total{container="directus"}[18m])',
    'rate(container_cpu_usage_seconds_total{container="directus"}[18m])',
    'container_start_time_seconds{container="directus"}',
    "max_over_time(container_memory_usage_bytes[18m])",
    "node_filesystem_avail_bytes / node_filesystem_size_bytes",
    "node_filesystem_avail_bytes / on (host, mountpoint) node_filesystem_size_bytes",
    "node_load1 * on (host) group_right () node_filesystem_size_bytes",
    "container_memory_usage_bytes / on (host) group_left (nodename) (node_uname_info * 2)",
    "up and on (host) node_load1 > 0.2",
    'up unless on (job) up{job="node"}',
    'up{job="node"} or up{job="redis"}',
    "node_load1 / ignoring (mountpoint) node_load5",
    "1 / (node_load1 - node_load1)",
    "-1 / (node_load1 - node_load1)",
    "histogram_quantile(0.95, sum by (le, service) (rate(traefik_service_request_duration_seconds_bucket[5m])))",
    "histogram_quantile(0.5, rate(n8n_workflow_execution_duration_seconds_bucket[18m]))",
    'label_replace(up, "short", "$1-${2}", "job", "(..)(.).*")',
    'label_join(up, "both", "/", "host", "job")',
    "round(node_load1, 0.25)",
    "round(node_load1)",
    "ceil(node_load1)",
    "abs(-node_load1)",
    "clamp(node_load1, 0.3, 0.6)",
    "clamp_max(node_load1, 0.3)",
    "clamp_min(node_load1, 0.3)",
    "sqrt(node_load1)",
    "ln(node_load1)",
    "sgn(node_load1 - 1)",
    "sort_desc(node_load1)",
    "sum(rate(traefik_entrypoint_requests_total[5m])) by (code) > 0.01",
    "inf",
    "NaN",
    "0x1F",
)
FAILS = {
    'label_replace(up,"a","$1","b","(")': "invalid regular expression in label_replace(): (",
    'label_replace(up,"a b","$1","b","")': "invalid destination label name in label_replace(): a b",
    'label_replace(sum by (host) (up),"host","x","a","")': "vector cannot contain metrics with the same labelset",
    'up{job="node"} * on (job) up': "found duplicate series for the match group",
    'up * on (job) up{host="server1",job="node"}': "multiple matches for labels: many-to-one matching must be explicit",
}
