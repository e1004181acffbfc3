"""Exports in the shape that providers give them; the values are made up."""
# ruff: noqa: E501  # a line of a file is a line

from typing import Final

OPENAI_COSTS: Final = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.75,usd,"gpt-5-mini-2025-08-07, input",p1
1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.2500000000000000,usd,"gpt-5-mini-2025-08-07, output",p1
1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,,,,
1793664000,1793750400,2026-11-03T00:00:00+00:00,2026-11-04T00:00:00+00:00,0.01,usd,web search tool calls,p1
"""
OPENAI_USAGE: Final = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens
1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,p1,3,gpt-5-mini-2025-08-07,1500,300,200
"""
ANTHROPIC_COSTS: Final = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd
2026-11-01,Claude Haiku 4.5,Default,key,message,≤ 200k,input_no_cache,0.05,0.05
2026-11-01,Claude Haiku 4.5,Default,key,message,≤ 200k,output,0.10,0.10
"""
ANTHROPIC_USAGE: Final = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count
2026-11-01,claude-haiku-4-5-20251001,key,Default,standard,≤ 200k,1000,200,30,4,500,0
"""
OPENROUTER: Final = """\
generation_id,created_at,cost_total,cost_cache,tokens_prompt,tokens_completion,model_permaslug,provider_name
gen-1,2026-11-01 23:59:59.5,0.001,0,10,5,openai/gpt-5-mini-2025-08-07,OpenAI
gen-2,2026-11-01 10:00:00,0.002,0,20,7,openai/gpt-5-mini-2025-08-07,OpenAI
"""
OPENROUTER_DAYS: Final = """\
date,model_permaslug,provider_name,requests,prompt_tokens,completion_tokens,reasoning_tokens,usage,byok_usage_inference
2026-11-01,openai/gpt-5-mini-2025-08-07,OpenAI,2,30,12,0,0.003,0
"""
GENERIC: Final = """\
Day;Model name;Dollars;Calls
2026-11-01;m-one;"1,234.50";7
2026-11-02;m-one;$0.5;1
"""
