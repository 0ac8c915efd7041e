"""`banyan.product.v1.ProductService`: maps, calls the use case, maps back."""

from __future__ import annotations

from banyan.product.v1 import product_service_pb2 as pb
from meshkit.clock import Clock, uuid7
from meshkit.context import CallContext
from meshkit.once import Once
from product.app import create_product, read
from product.app.delete_product import delete_product
from product.app.ports import Catalogue, CatalogueWriter
from product.app.update_product import update_product
from product.rpc import mapping, paging


class ProductServicer:
    """One method for each RPC of the contract."""

    def __init__(self, catalogue: Catalogue, once: Once[CatalogueWriter], clock: Clock) -> None:
        self._catalogue = catalogue
        self._once = once
        self._clock = clock

    async def GetProduct(self, request: pb.GetProductRequest, _: CallContext) -> pb.GetProductResponse:
        """One product."""
        product = await read.get_product(self._catalogue, request.product_id)
        return pb.GetProductResponse(product=mapping.product_message(product))

    async def BatchGetProducts(
        self, request: pb.BatchGetProductsRequest, _: CallContext
    ) -> pb.BatchGetProductsResponse:
        """Several products and what is missing."""
        found, missing = await read.batch_get_products(self._catalogue, request.product_ids)
        return pb.BatchGetProductsResponse(
            products=[mapping.product_message(product) for product in found], missing_product_ids=missing
        )

    async def ListProducts(self, request: pb.ListProductsRequest, _: CallContext) -> pb.ListProductsResponse:
        """A page of products."""
        query = paging.query_of(request)
        products, more = await read.list_products(self._catalogue, query)
        return pb.ListProductsResponse(
            products=[mapping.product_message(product) for product in products],
            next_page_token=paging.token_after(request, query, products[-1]) if more else "",
        )

    async def ListCategories(
        self, request: pb.ListCategoriesRequest, _: CallContext
    ) -> pb.ListCategoriesResponse:
        """All categories."""
        categories = await read.list_categories(self._catalogue)
        return pb.ListCategoriesResponse(categories=[mapping.category_message(each) for each in categories])

    async def CreateCategory(
        self, request: pb.CreateCategoryRequest, context: CallContext
    ) -> pb.CreateCategoryResponse:
        """Adds a category, once for each request id."""

        async def effect(catalogue: CatalogueWriter) -> pb.CreateCategoryResponse:
            category = mapping.new_category(request.category, uuid7())
            await create_product.create_category(catalogue, category)
            return pb.CreateCategoryResponse(category=mapping.category_message(category))

        return await self._once(context, request, pb.CreateCategoryResponse, effect)

    async def CreateProduct(
        self, request: pb.CreateProductRequest, context: CallContext
    ) -> pb.CreateProductResponse:
        """Adds a product, once for each request id."""

        async def effect(catalogue: CatalogueWriter) -> pb.CreateProductResponse:
            product = mapping.new_product(request.product, uuid7(), self._clock.now())
            await create_product.create_product(catalogue, product)
            return pb.CreateProductResponse(product=mapping.product_message(product))

        return await self._once(context, request, pb.CreateProductResponse, effect)

    async def UpdateProduct(
        self, request: pb.UpdateProductRequest, context: CallContext
    ) -> pb.UpdateProductResponse:
        """Changes the masked fields, once for each request id."""

        async def effect(catalogue: CatalogueWriter) -> pb.UpdateProductResponse:
            changed = await update_product(
                catalogue,
                request.product_id,
                mapping.changes(request.product, list(request.update_mask.paths)),
                etag=request.product.etag,
                now=self._clock.now(),
            )
            return pb.UpdateProductResponse(product=mapping.product_message(changed))

        return await self._once(context, request, pb.UpdateProductResponse, effect)

    async def DeleteProduct(
        self, request: pb.DeleteProductRequest, context: CallContext
    ) -> pb.DeleteProductResponse:
        """Takes a product off sale, once for each request id."""

        async def effect(catalogue: CatalogueWriter) -> pb.DeleteProductResponse:
            await delete_product(catalogue, request.product_id, etag=request.etag, now=self._clock.now())
            return pb.DeleteProductResponse()

        return await self._once(context, request, pb.DeleteProductResponse, effect)

    async def ImportProducts(
        self, request: pb.ImportProductsRequest, _: CallContext
    ) -> pb.ImportProductsResponse:
        """Adds or overwrites by id, all or nothing."""
        now = self._clock.now()
        categories = [mapping.new_category(each, each.category_id) for each in request.categories]
        products = [mapping.new_product(each, each.product_id, now) for each in request.products]
        async with self._catalogue.transaction() as catalogue:
            await create_product.import_products(catalogue, categories, products)
        return pb.ImportProductsResponse(category_count=len(categories), product_count=len(products))
