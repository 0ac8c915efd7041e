"""The words and ranges that the catalogue is made of: twenty shelves, ten kinds of things on each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category. Its things rise in price and weight, and come in every one of `styles`.

    Prices are minor units of EUR, weights grams.
    """

    name: str
    things: tuple[str, ...]
    styles: tuple[str, ...]
    prices: tuple[int, int]
    weights: tuple[int, int]
    attribute: str
    values: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


def _shelf(  # noqa: PLR0917  a table reads better without words
    name: str, things: str, styles: str, prices: tuple[int, int], weights: tuple[int, int], attribute: str
) -> Shelf:
    key, _, values = attribute.partition(":")
    return Shelf(name, _words(things), _words(styles), prices, weights, key, _words(values))


SHELVES: tuple[Shelf, ...] = (
    _shelf(
        "Cups and Mugs",
        "Saucer, Espresso Cup, Tea Glass, Tea Bowl, Cappuccino Cup, Beaker, Mug, Latte Glass, Tumbler, Travel Mug",
        "Stoneware, Porcelain, Enamel, Speckled, Hand-thrown",
        (499, 3499),
        (120, 650),
        "colour: white, slate, ochre, sea green, rust",
    ),
    _shelf(
        "Pots and Pans",
        "Milk Pan, Crêpe Pan, Frying Pan, Saucepan, Grill Pan, Wok, Roasting Tin, Tagine, Stockpot, Casserole",
        "Cast Iron, Carbon Steel, Copper, Non-stick, Stainless Steel",
        (1999, 18999),
        (700, 6500),
        "diameter: 16 cm, 20 cm, 24 cm, 28 cm, 32 cm",
    ),
    _shelf(
        "Knives and Boards",
        "Paring Knife, Kitchen Shears, Whetstone, Bread Knife, Carving Fork, Chopping Board, Cleaver, Chef's Knife, "
        "Santoku, Knife Block",
        "Walnut, Oak, Damascus, Everyday, Professional",
        (899, 24999),
        (60, 2800),
        "origin: Solingen, Sakai, Thiers, Albacete",
    ),
    _shelf(
        "Coffee",
        "House Blend, Breakfast Blend, Light Roast, Dark Roast, Filter Roast, Espresso Roast, Cold Brew Bags, Decaf, "
        "Single Origin, Peaberry",
        "Ethiopian, Colombian, Guatemalan, Sumatran, Kenyan",
        (699, 3299),
        (250, 1050),
        "grind: whole bean, filter, espresso, moka",
    ),
    _shelf(
        "Tea",
        "Peppermint Tea, Camomile, Rooibos, Breakfast Tea, Earl Grey, Chai, Sencha, Oolong, White Tea, Matcha",
        "Loose-leaf, Organic, First Flush, Smoked, Estate",
        (399, 4499),
        (40, 300),
        "caffeine: none, little, much",
    ),
    _shelf(
        "Bed Linen",
        "Pillowcase, Bolster, Valance, Fitted Sheet, Flat Sheet, Mattress Cover, Throw, Duvet Cover, Bedspread, Quilt",
        "Linen, Percale, Sateen, Flannel, Washed Cotton",
        (1499, 21999),
        (250, 3200),
        "colour: chalk, navy, sage, blush, charcoal",
    ),
    _shelf(
        "Towels",
        "Face Cloth, Tea Towel, Guest Towel, Hand Towel, Bath Mat, Bath Towel, Hammam Towel, Beach Towel, Bath Sheet, "
        "Bathrobe",
        "Waffle, Terry, Bamboo, Striped, Organic Cotton",
        (399, 8999),
        (60, 1400),
        "colour: white, sand, teal, coral, graphite",
    ),
    _shelf(
        "Lamps",
        "Night Light, Clip Lamp, Reading Light, Spotlight, Lantern, Wall Light, Desk Lamp, Table Lamp, Pendant, "
        "Floor Lamp",
        "Brass, Paper, Opal Glass, Matt Black, Rattan",
        (1499, 39999),
        (300, 7500),
        "socket: E14, E27, GU10, built in",
    ),
    _shelf(
        "Rugs",
        "Doormat, Bath Rug, Play Mat, Cotton Rug, Jute Rug, Hallway Runner, Sheepskin, Stair Runner, Kilim, Wool Rug",
        "Berber, Woven, Tufted, Plain, Patterned",
        (1299, 49999),
        (400, 14000),
        "size: 60 x 90 cm, 80 x 150 cm, 120 x 180 cm, 160 x 230 cm",
    ),
    _shelf(
        "Chairs and Stools",
        "Step Stool, Camp Chair, Folding Chair, Pouffe, Bar Stool, Dining Chair, Bench, Rocking Chair, Office Chair, "
        "Armchair",
        "Ash, Beech, Bentwood, Upholstered, Powder-coated",
        (2999, 49999),
        (1800, 16000),
        "seat height: 45 cm, 65 cm, 75 cm",
    ),
    _shelf(
        "Plants and Pots",
        "Saucer, Propagation Vase, Seed Tray, Plant Pot, Cloche, Hanging Basket, Watering Can, Trellis, Window Box, "
        "Plant Stand",
        "Terracotta, Glazed, Zinc, Recycled, Concrete",
        (299, 7999),
        (150, 9000),
        "diameter: 9 cm, 14 cm, 19 cm, 27 cm",
    ),
    _shelf(
        "Garden Tools",
        "Dibber, Weeding Knife, Hand Trowel, Secateurs, Pruning Saw, Hoe, Rake, Loppers, Garden Fork, Spade",
        "Forged, Stainless, Ash-handled, Lightweight, Heritage",
        (699, 9999),
        (120, 2600),
        "guarantee: 2 years, 10 years, lifetime",
    ),
    _shelf(
        "Notebooks and Paper",
        "Postcards, Sticky Notes, Index Cards, Envelopes, Wrapping Paper, Writing Pad, Notebook, Sketchbook, Diary, "
        "Ledger",
        "Dotted, Ruled, Plain, Squared, Clothbound",
        (199, 3999),
        (50, 900),
        "size: A6, A5, B5, A4",
    ),
    _shelf(
        "Pens and Inks",
        "Ballpoint, Highlighter, Fineliner, Brush Pen, Pencil Set, Ink Bottle, Mechanical Pencil, Dip Pen, "
        "Rollerball, Fountain Pen",
        "Brass, Resin, Aluminium, Classic, Limited",
        (199, 19999),
        (10, 350),
        "nib: extra fine, fine, medium, broad",
    ),
    _shelf(
        "Bags",
        "Shopping Net, Purse, Tote, Belt Bag, Wash Bag, Laptop Sleeve, Messenger Bag, Backpack, Duffel, Weekender",
        "Canvas, Waxed, Leather, Recycled Nylon, Felt",
        (999, 34999),
        (80, 2100),
        "volume: 2 l, 8 l, 18 l, 32 l",
    ),
    _shelf(
        "Hats and Scarves",
        "Headband, Beanie, Snood, Bucket Hat, Flat Cap, Beret, Scarf, Straw Hat, Shawl, Trapper Hat",
        "Merino, Lambswool, Cotton, Cashmere, Corduroy",
        (999, 15999),
        (50, 450),
        "size: S, M, L, one size",
    ),
    _shelf(
        "Socks",
        "Liner Socks, Ankle Socks, Crew Socks, Running Socks, Dress Socks, Knee Socks, Bed Socks, Hiking Socks, Tights, "
        "Slipper Socks",
        "Merino, Cotton, Bamboo, Ribbed, Striped",
        (399, 2999),
        (30, 220),
        "size: 36-38, 39-41, 42-44, 45-47",
    ),
    _shelf(
        "Toys",
        "Finger Puppets, Spinning Top, Stacking Rings, Puzzle, Rag Doll, Kite, Building Blocks, Marble Run, "
        "Wooden Train, Rocking Horse",
        "Beech, Painted, Organic, Classic, Mini",
        (499, 17999),
        (80, 7000),
        "age: from 1, from 3, from 6, from 9",
    ),
    _shelf(
        "Board Games",
        "Card Deck, Dice Set, Word Game, Dominoes, Draughts, Party Game, Co-operative Game, Strategy Game, Backgammon, "
        "Chess Set",
        "Travel, Family, Deluxe, Magnetic, Pocket",
        (499, 11999),
        (90, 3200),
        "players: 1-2, 2, 2-4, 3-8",
    ),
    _shelf(
        "Cycling",
        "Bell, Bottle Cage, Repair Kit, Rear Light, Front Light, Pump, Saddle, Lock, Pannier, Helmet",
        "City, Touring, Racing, Folding, All-weather",
        (499, 19999),
        (40, 1900),
        "colour: black, silver, cream, red",
    ),
)
