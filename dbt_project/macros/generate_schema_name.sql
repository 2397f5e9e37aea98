{# A schema is called what the project file calls it (staging, intermediate, candidate), without dbt's target prefix:
   the pin and the contracts name these schemas. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
